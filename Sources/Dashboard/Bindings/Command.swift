/// What a key can ask for.
enum Command: Hashable, CaseIterable {
    // Moving.
    case up, down, pageUp, pageDown, halfPageUp, halfPageDown, toStart, toEnd
    case left, right
    case followOrNot
    // Views.
    case showEvents, showTable, showDeliveries, showActions, showLog, showPulse, showKeyring, showHelp, showChecklist,
        showAllKeys
    case open, goBack, close, focusDetail
    case previousTab, nextTab, cycleBody
    case nextRow, previousRow, nextOfSameEvent
    case zoomIn, zoomOut, panEarlier, panLater, nextSection, previousSection, listSelection
    // Reading.
    case fold, unfold, toggleFold, toggleAllFolds, toggleWrapping, toggleNumbers, sidewaysLeft, sidewaysRight
    case copy, copyAsReceived
    case copyBody, copyHeaders, copyRequest, copyCurl, copySignature, copyValue, copyEventId
    // Ways of showing.
    case toggleUtc, toggleTimestampForm
    // Doing.
    case sendTest
    case reload
    case export, nextFormat, previousFormat, nextColumnSet, previousColumnSet, writeFile
    case cancelJudging
    // Actions.
    case pauseAction, retryEntries, skipEntry, cycleEntries, dryRun, testAction, addMissed
    case act, nextAction, previousAction, runForRows, retryForRows, skipForRows, previewForRows
    case replay, sendReplay
    case addSecret, replaceSecret, forgetSecret, rememberSecret, reloadSecrets
    case submit, nextField, previousField
    case answerYes, answerNo
    case deleteRotated, deleteLeaked, saveAndQuit, quitUnsaved
    case interrupt, suspend, redraw
    // Filter and search.
    case editFilter, filterOrNot, applyFilter, completeFilter, completeFilterBack, olderFilter, newerFilter, leavePrompt
    case olderTarget, newerTarget
    case showProblems, pause
    case typeCommand, goToTime, runCommand, completeCommand, completeCommandBack, olderCommand, newerCommand
    case search, keepSearch, nextMatch, previousMatch, nextProblem, previousProblem
    // Marks and selection.
    case toggleMark, showMarked, nextMark
    case toggleSelected, selectAll, selectRange
    // Columns and order.
    case sortByNext, sortByPrevious, turnOrder, orderOfArrival
    case chooseColumns, toggleColumn, columnEarlier, columnLater, usualColumns
}
