/*
 * report.h - what the report of an error tells beside its frames
 */
#ifndef FORKSCOPE_ERROR_REPORT_H
#define FORKSCOPE_ERROR_REPORT_H

/* Why a report is incomplete, for what procspawn_error_incomplete returns; static. */
const char *procspawn__incomplete_text(int error);

#endif
