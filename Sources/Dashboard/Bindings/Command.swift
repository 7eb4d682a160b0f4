/// What a key can ask for.
enum Command: Hashable, CaseIterable {
    // Moving.
    case up, down, pageUp, pageDown, halfPageUp, halfPageDown, toStart, toEnd
    case left, right
    case followOrNot
    // Views.
    case showEvents, showTable, showKeyring, showHelp, showChecklist
    case open, goBack, close, focusDetail
    case previousTab, nextTab, cycleBody
    case nextRow, previousRow
    // Ways of showing.
    case toggleUTC, toggleTimestampForm
    // Doing.
    case sendTest
    case addSecret, replaceSecret, forgetSecret, rememberSecret
    case submit, nextField, previousField
    case answerYes, answerNo
    case interrupt, suspend, redraw
}
