#define _GNU_SOURCE
#include "terminal.h"

#include <locale.h>
#include <pthread.h>
#include <wchar.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t utf8 = (locale_t)0;

static void make_locale(void) {
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

int32_t terminal_columns(uint32_t scalar) {
    pthread_once(&once, make_locale);
    if (utf8 == (locale_t)0) return wcwidth((wchar_t)scalar);
    // The locale of the calling thread only: others never notice.
    locale_t before = uselocale(utf8);
    int columns = wcwidth((wchar_t)scalar);
    uselocale(before);
    return columns;
}
