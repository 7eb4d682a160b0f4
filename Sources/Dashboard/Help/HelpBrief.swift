import History
import Notifications
import SafeText
import Terminal

/// What the help's first screen has for a place: the commands that matter most there, and the symbols that are drawn there.
enum HelpBrief {
    /// A symbol, how it is drawn, and what it means.
    struct Symbol {
        let glyph: SafeText
        let style: Style
        let meaning: SafeText

        init(_ glyph: String, _ style: Style, _ meaning: String) {
            (self.glyph, self.style, self.meaning) = ("\(glyph)", style, "\(meaning)")
        }
    }

    /// A sentence about what the place shows.
    static func about(_ place: Place) -> String {
        switch place {
        case .events: "Events as they arrive, the newest last"
        case .table: "Events as the spreadsheet has them"
        case .deliveries: "Every HTTP request, events or not"
        case .actions: "What runs for each event, and what became of it"
        case .log: "What b2watch itself did and warned of"
        case .pulse: "The history as pictures"
        case .detail, .deliveryDetail: "One delivery: the event, headers, body and signature"
        case .keyring: "The signing secrets that verify deliveries"
        case .columns: "Which columns the list shows, and in which order"
        case .page: "What was sent and answered, or would be sent"
        case .checklist: "From nothing to the first event of B2"
        case .filter, .search, .export, .palette, .form, .help, .helpSearch, .question, .deleting, .leaving, .copying,
            .acting, .replay:
            ""
        }
    }

    /// The bindings that matter most in a place, the most important first; those that a place does not have are left out.
    static func bindings(_ bindings: Bindings, in place: Place) -> [Binding] {
        let named = commands(place).compactMap { bindings.binding(of: $0, in: place) }
        guard named.isEmpty else { return named.filter { !$0.keys.isEmpty } }
        return place.contexts.flatMap(bindings.bindings(in:)).filter { $0.footer != nil && !$0.keys.isEmpty }
    }

    private static func commands(_ place: Place) -> [Command] {
        switch place {
        case .events:
            [
                .open, .focusDetail, .editFilter, .search, .showProblems, .followOrNot, .toggleSelected, .act, .replay,
                .copy, .export, .showKeyring, .sendTest, .chooseColumns, .goToTime, .toggleUtc, .typeCommand,
                .sortByNext,
                .nextProblem, .toggleMark, .showMarked, .pause, .showChecklist, .close,
            ]
        case .table:
            [
                .open, .right, .left, .editFilter, .search, .showProblems, .followOrNot, .toggleSelected, .act, .replay,
                .copy, .export, .chooseColumns, .toggleTimestampForm, .sortByNext, .goToTime, .toggleUtc, .typeCommand,
                .nextProblem, .toggleMark, .showMarked, .pause, .close,
            ]
        case .deliveries:
            [
                .open, .focusDetail, .nextTab, .nextOfSameEvent, .followOrNot, .act, .replay, .copy, .copyAsReceived,
                .showKeyring, .sendTest, .goToTime, .toggleUtc, .pause, .typeCommand, .close,
            ]
        case .actions:
            [
                .open, .focusDetail, .cycleEntries, .pauseAction, .retryEntries, .skipEntry, .dryRun, .testAction,
                .addMissed, .followOrNot, .toggleUtc, .typeCommand, .close,
            ]
        case .log: [.open, .followOrNot, .toStart, .toEnd, .goToTime, .toggleUtc, .pause, .typeCommand, .close]
        case .pulse:
            [
                .listSelection, .nextSection, .zoomIn, .zoomOut, .left, .right, .panEarlier, .panLater, .toStart,
                .toEnd, .goToTime,
                .toggleUtc, .pause, .typeCommand, .close,
            ]
        case .detail, .deliveryDetail:
            [
                .nextTab, .open, .nextRow, .previousRow, .cycleBody, .search, .toggleFold, .toggleAllFolds,
                .toggleWrapping, .copy, .copyAsReceived, .act, .replay, .focusDetail, .toggleNumbers, .goBack,
            ]
        default: []
        }
    }

    /// The symbols that are drawn in a place.
    static func symbols(_ place: Place, hasActions: Bool) -> [Symbol] {
        let verdicts = SignatureVerdict.allCases.map { Symbol($0.glyph, $0.style, $0.title) }
        let rows = [
            Symbol("*", Style(.notice, bold: true), "marked"), Symbol("◆", Style(.accent, bold: true), "selected"),
        ]
        let order = [Symbol("↑", .plain, "sorted, least first"), Symbol("↓", .plain, "greatest first")]
        return switch place {
        case .events:
            verdicts + (hasActions ? states : []) + [Symbol("dup", Style(.notice), "its event came before")] + rows
                + order
        case .table: [Symbol("…", .plain, "cut: Enter shows all of it")] + rows + order
        case .deliveries: verdicts + [Symbol("1×", .plain, "one more delivery of the same event")]
        case .actions: states
        case .detail, .deliveryDetail:
            verdicts + [Symbol("▸", Style(.accent, bold: true), "this event"), Symbol("›", .plain, "goes on")]
        case .pulse: verdicts + [Symbol("▲", Style(.accent, bold: true), "selected")]
        case .columns, .checklist: [Symbol("✓", Style(.good), place == .columns ? "shown" : "done")]
        default: []
        }
    }

    /// The states of an action's entries; those that share a symbol share its entry.
    private static var states: [Symbol] {
        var glyphs: [(glyph: String, style: Style, words: [String])] = []
        for state in EntryState.allCases {
            if let index = glyphs.firstIndex(where: { $0.glyph == state.glyph }) {
                glyphs[index].words.append(state.word)
            } else {
                glyphs.append((state.glyph, state.style, [state.word]))
            }
        }
        return glyphs.map { Symbol($0.glyph, $0.style, "action " + $0.words.joined(separator: " or ")) }
    }
}
