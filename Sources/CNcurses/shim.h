// ncurses for Swift: the header, and as functions the macros and globals that Swift cannot import.

#ifndef B2WATCH_CNCURSES_H
#define B2WATCH_CNCURSES_H

#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#include <ncursesw/curses.h>
#include <ncursesw/term.h>

static inline WINDOW *curses_screen(void) { return stdscr; }
static inline WINDOW *curses_shown(void) { return curscr; }
static inline TERMINAL *curses_terminal(void) { return cur_term; }
static inline int curses_colours(void) { return COLORS; }

static inline attr_t curses_bold(void) { return WA_BOLD; }
static inline attr_t curses_dim(void) { return WA_DIM; }
static inline attr_t curses_reverse(void) { return WA_REVERSE; }
static inline attr_t curses_underline(void) { return WA_UNDERLINE; }

/// Whether the terminal has a capability, and what it sends or takes; NULL where it has not.
static inline const char *curses_string(const char *capability) {
    const char *text = tigetstr(capability);
    return text == (const char *)-1 ? NULL : text;
}

#endif
