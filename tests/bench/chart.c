/*
 * chart.c - collects the figures of a run and draws them as SVG
 */
#include "tests/bench/chart.h"

#include <math.h>
#include <stdio.h>
#include <sys/mman.h>

enum { BARS_MAX = 128, NAME_MAX_BYTES = 48 };
enum { ROW = 18, LEFT = 300, WIDTH = 420, RIGHT = 230, TOP = 44 };

struct bar {
    char name[NAME_MAX_BYTES];
    char unit[8];
    bool pinned;
    double value, subject, baseline;
};

static struct chart {
    unsigned count;
    struct bar bars[BARS_MAX];
} *chart;

bool bench_chart_open(void)
{
    void *memory = mmap(NULL, sizeof *chart, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                        -1, 0);

    chart = memory == MAP_FAILED ? NULL : memory;
    return chart != NULL;
}

void bench_chart_add(const char *name, bool pinned, double value, double subject, double baseline,
                     const char *unit)
{
    if (!chart || chart->count == BARS_MAX)
        return;
    struct bar *bar = &chart->bars[chart->count++];
    snprintf(bar->name, sizeof bar->name, "%s", name);
    snprintf(bar->unit, sizeof bar->unit, "%s", unit);
    bar->pinned = pinned;
    bar->value = value;
    bar->subject = subject;
    bar->baseline = baseline;
}

/* From 1/1000 to 1000. */
static double position(double value)
{
    const double decades = 3;
    double power = log10(value);

    power = power < -decades ? -decades : power > decades ? decades : power;
    return LEFT + WIDTH / 2.0 * (1 + power / decades);
}

static void write_axis(FILE *file, int bottom)
{
    static const double marks[] = { 0.001, 0.01, 0.1, 1, 10, 100, 1000 };

    for (unsigned i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        double x = position(marks[i]);
        fprintf(file, "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' stroke='%s'/>\n", x, TOP - 6, x,
                bottom, marks[i] == 1 ? "#444" : "#ddd");
        fprintf(file, "<text x='%.1f' y='%d' text-anchor='middle'>%g</text>\n", x, TOP - 10,
                marks[i]);
    }
}

static void write_bar(FILE *file, const struct bar *bar, int y)
{
    double one = position(1), end = position(bar->value);
    double from = end < one ? end : one, width = end < one ? one - end : end - one;

    fprintf(file, "<text x='%d' y='%d' text-anchor='end'>%s%s</text>\n", LEFT - 8, y + 12,
            bar->name, bar->pinned ? ", pinned" : "");
    fprintf(file, "<rect x='%.1f' y='%d' width='%.1f' height='%d' fill='%s'/>\n", from, y + 3,
            width < 1 ? 1 : width, ROW - 6, bar->pinned ? "#7a9cc6" : "#2f5d8a");
    fprintf(file, "<text x='%d' y='%d'>%.3g (%.4g / %.4g %s)</text>\n", LEFT + WIDTH + 8, y + 12,
            bar->value, bar->subject, bar->baseline, bar->unit);
}

bool bench_chart_write(const char *path)
{
    FILE *file = chart ? fopen(path, "w") : NULL;

    if (!file)
        return false;
    int bottom = TOP + (int)chart->count * ROW;
    fprintf(file, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
                  "font-family='sans-serif' font-size='11'>\n<rect width='100%%' height='100%%' "
                  "fill='white'/>\n"
                  "<text x='8' y='16'>ratios of medians: subject / baseline</text>\n",
            LEFT + WIDTH + RIGHT, bottom + 12);
    write_axis(file, bottom);
    for (unsigned i = 0; i < chart->count; i++)
        write_bar(file, &chart->bars[i], TOP + (int)i * ROW);
    fprintf(file, "</svg>\n");
    return fclose(file) == 0;
}
