import History
import Notifications
import SafeText
import Terminal

/// The top line: what is being done, by which secrets, and how it goes.
///
/// As it narrows its parts leave or shorten in the order of `Shortening`; what never leaves is whether deliveries are
/// taken and the counts.
struct TopLine {
    /// The steps by which the line gives way.
    enum Shortening: Int, CaseIterable, Comparable {
        /// All of it.
        case none
        /// Without the program's name, and with narrow gaps.
        case noName
        /// Of the counts that are 0 only those of valid and invalid ones stay.
        case fewZeros
        /// `http://` leaves.
        case noScheme
        /// Of the answer times the 99th percentile stays.
        case noMedian
        /// The secret's label without words, or its fingerprint alone.
        case shortSecret, noLabel
        /// Of the address the port and the path stay.
        case noHost
        case noAnswers, noURL, noZeros, noSecret

        static func < (one: Shortening, other: Shortening) -> Bool { one.rawValue < other.rawValue }
    }

    let session: Session

    func line(columns: Int) -> StyledLine {
        let lines = Shortening.allCases.lazy.map(line)
        return lines.first { $0.width <= columns } ?? line(.noSecret).clipped(to: columns)
    }

    private func line(_ shortening: Shortening) -> StyledLine {
        var parts: [StyledLine] = []
        if shortening < .noName {
            parts.append(StyledLine("b2watch", Style(.heading)))
        }
        parts.append(state(shortening))
        // Who cannot be asked may hold any.
        if shortening < .noSecret, session.absence == nil || !session.keyring.isEmpty {
            parts.append(secrets(shortening))
        }
        parts.append(counts(shortening))
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
                shortening < .shortSecret ? "no secret — \(session.bindings.asking(for: .showKeyring))" : "no secret",
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

    private func counts(_ shortening: Shortening) -> StyledLine {
        let tally = session.change.tally
        let standing: [SignatureVerdict] =
            shortening < .fewZeros
            ? [.valid, .invalid, .missing, .unverified] : shortening < .noZeros ? [.valid, .invalid] : []
        let shown = SignatureVerdict.counted.filter { tally[$0] > 0 || standing.contains($0) }
        let parts = shown.map { verdict in
            let count: SafeText = "\(verdict.glyph) \(Wording.grouped(tally[verdict]))"
            return StyledLine(count, tally[verdict] == 0 ? Style(.secondary) : verdict.style)
        }
        guard let first = parts.first else { return StyledLine("none yet", Style(.secondary)) }
        return parts.dropFirst().reduce(first) { $0 + StyledLine("  ") + $1 }
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
