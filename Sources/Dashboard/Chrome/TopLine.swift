import History
import Notifications
import SafeText
import Terminal

/// The top line: whether deliveries are received, which secrets verify them, and how many there were of each verdict.
///
/// As it narrows its parts leave or shorten in the order of `Shortening`; what never leaves is whether deliveries are
/// received and the counts. Counts are of deliveries, which the line says, because the lists below count events.
struct TopLine {
    /// The steps by which the line gives way.
    enum Shortening: Int, CaseIterable, Comparable {
        /// All of it.
        case none
        /// Without the program's name, and with narrow gaps.
        case noName
        /// `http://` leaves, and of the actions their number stays.
        case noScheme
        /// Of the answer times the 99th percentile stays.
        case noMedian
        /// Of the address the port and the path stay.
        case noHost
        /// The secret's label without the word before it.
        case shortSecret
        /// Verdicts that are neither valid nor invalid share one count.
        case fewVerdicts
        /// Of the secret its fingerprint stays.
        case noLabel
        case noAnswers
        /// Of each count its symbol stays.
        case noWords
        /// Without what to do where there is no secret.
        case noAdvice
        case noURL, noZeros, noSecret
        /// Without the word for what is counted.
        case noUnit

        static func < (one: Shortening, other: Shortening) -> Bool { one.rawValue < other.rawValue }
    }

    let session: Session

    func line(columns: Int) -> StyledLine {
        let lines = Shortening.allCases.lazy.map(line)
        return lines.first { $0.width <= columns } ?? line(.noUnit).clipped(to: columns)
    }

    private func line(_ shortening: Shortening) -> StyledLine {
        var parts: [StyledLine] = []
        if shortening < .noName {
            parts.append(StyledLine("b2watch", Style(.heading)))
        }
        parts.append(state(shortening))
        if session.isInMemory { parts.append(StyledLine("in memory", Style(.warning))) }
        // The secrets of a listener that does not answer are unknown.
        if shortening < .noSecret, session.absence == nil || !session.keyring.isEmpty {
            parts.append(secrets(shortening))
        }
        parts.append(counts(shortening))
        if let mark = ActionMark(session.troubles) { parts.append(mark.line(isShort: shortening >= .noScheme)) }
        if shortening < .noAnswers, session.answers.count > 0 { parts.append(answers(shortening)) }
        return parts.enumerated().reduce(StyledLine(" ")) { line, part in
            line + StyledLine(part.offset == 0 ? .empty : shortening < .noName ? "   " : "  ") + part.element
        }
    }

    private func state(_ shortening: Shortening) -> StyledLine {
        let (word, role): (SafeText, Role) =
            switch (session.listening, session.change.health) {
            case (_, .failing): ("NOT RECORDING", .bad)
            case (.starting, _): ("starting", .notice)
            case (.draining, _): ("draining", .notice)
            case (.away(let absence), _): (absence.kind.word, .bad)
            case (.listening, _): ("LISTENING", .good)
            }
        var line = StyledLine(word, Style(role, bold: true))
        guard let url = session.url, shortening < .noURL else { return line }
        line.append(" \(shortened(url, shortening))")
        return line
    }

    private func shortened(_ url: String, _ shortening: Shortening) -> String {
        guard shortening >= .noScheme else { return url }
        let address = url.drop { $0 != "/" }.drop { $0 == "/" }
        guard shortening >= .noHost, let colon = address.lastIndex(of: ":") else { return String(address) }
        return String(address[colon...])
    }

    private func secrets(_ shortening: Shortening) -> StyledLine {
        let held = session.keyring.secrets
        switch held.count {
        case 0:
            return StyledLine(
                shortening < .noAdvice ? "no secret — \(session.bindings.asking(for: .showKeyring))" : "no secret",
                Style(.notice))
        case 1:
            let secret = held[0]
            let name = SafeText(secret.label).clipped(to: 20)
            let fingerprint = StyledLine("(\(secret.fingerprint))", Style(.secondary))
            guard shortening < .noLabel else { return fingerprint }
            let word: SafeText = shortening < .shortSecret ? "secret " : .empty
            return StyledLine(word, Style(.secondary)) + StyledLine(name + " ") + fingerprint
        default: return StyledLine("\(held.count) secrets")
        }
    }

    /// The deliveries of each verdict: symbol, count and word, and before them what is counted.
    private func counts(_ shortening: Shortening) -> StyledLine {
        let tally = session.change.tally
        let standing: [SignatureVerdict] = shortening < .noZeros ? [.valid, .invalid] : []
        let shown = SignatureVerdict.counted.filter { tally[$0] > 0 || standing.contains($0) }
        guard tally.notifications > 0 else { return StyledLine("no deliveries yet", Style(.secondary)) }
        let hasWords = shortening < .noWords
        let others = shown.filter { $0 != .valid && $0 != .invalid }
        let areGrouped = hasWords && shortening >= .fewVerdicts && others.count > 1
        var parts = shown.filter { !areGrouped || !others.contains($0) }.map { verdict in
            let count: SafeText = "\(verdict.glyph) \(Wording.grouped(tally[verdict]))"
            let style = tally[verdict] == 0 ? Style(.secondary) : verdict.style
            return StyledLine(hasWords ? count + " \(verdict.title)" : count, style)
        }
        if areGrouped {
            let count = others.reduce(0) { $0 + tally[$1] }
            parts.append(StyledLine("\(Wording.grouped(count)) other", Style(.warning)))
        }
        let unit: SafeText = shortening < .noUnit ? "deliveries " : .empty
        guard let first = parts.first else { return StyledLine() }
        return StyledLine(unit, Style(.secondary)) + parts.dropFirst().reduce(first) { $0 + StyledLine("  ") + $1 }
    }

    private func answers(_ shortening: Shortening) -> StyledLine {
        let answers = session.answers
        let p99 = StyledLine("p99 ", Style(.secondary)) + StyledLine("\(Wording.duration(microseconds: answers.p99))")
        guard shortening < .noMedian else { return p99 }
        return StyledLine("answers ", Style(.secondary))
            + StyledLine("\(Wording.duration(microseconds: answers.median))")
            + StyledLine(", ", Style(.secondary)) + p99
    }
}

extension ListenerAbsence.Kind {
    fileprivate var word: SafeText {
        switch self {
        case .gone: "LISTENER GONE"
        case .notRunning: "NO LISTENER"
        case .notPermitted: "NOT PERMITTED"
        case .otherVersion: "OTHER VERSION"
        case .notAnswering: "NO ANSWER"
        }
    }
}
