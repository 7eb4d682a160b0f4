// libpq, with the characters that name the parts of an error as numbers that Swift can import.
#ifndef B2WATCH_CPQ_H
#define B2WATCH_CPQ_H

#include <postgresql/libpq-fe.h>

#ifndef LIBPQ_HAS_PIPELINING
#error "b2watch needs libpq 14 or later"
#endif

enum {
    B2_PQ_SEVERITY = PG_DIAG_SEVERITY_NONLOCALIZED,
    B2_PQ_STATE = PG_DIAG_SQLSTATE,
    B2_PQ_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
    B2_PQ_DETAIL = PG_DIAG_MESSAGE_DETAIL,
    B2_PQ_HINT = PG_DIAG_MESSAGE_HINT,
    B2_PQ_TABLE = PG_DIAG_TABLE_NAME,
    B2_PQ_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME,
};

#endif
