/*
 * chart.h - the figures of one run as bars
 *
 * Figures come from processes of their own, so they are kept in memory that these share.
 */
#ifndef FORKSCOPE_TESTS_BENCH_CHART_H
#define FORKSCOPE_TESTS_BENCH_CHART_H

#include <stdbool.h>

/* Before the first figure. Without it the others do nothing. */
bool bench_chart_open(void);
void bench_chart_add(const char *name, bool pinned, double value, double subject, double baseline,
                     const char *unit);
/* Writes an SVG file: a bar a figure, on a logarithmic scale around 1. */
bool bench_chart_write(const char *path);

#endif
