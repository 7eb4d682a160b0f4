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
        case none, noP99, noAnswers, noName, noZeroCounts, shortSecret, shortURL, noURL, noSecret

        static func < (one: Shortening, other: Shortening) -> Bool { one.rawValue < other.rawValue }
    }

    let session: Session

    func line(columns: Int) -> StyledLine {
        let lines = Shortening.allCases.lazy.map(line)
        return lines.first { $0.width <= columns } ?? line(.noSecret).clipped(to: columns)
    }

    private func line(_ shortening: Shortening) -> StyledLine {
        var parts: [StyledLine] = []
        if shortening < .noName { parts.append(StyledLine("b2watch", Style(.heading))) }
        parts.append(state(shortening))
        if shortening < .noSecret { parts.append(secrets(shortening)) }
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
            case (.listening, _): ("LISTENING", .good)
            }
        var line = StyledLine(word, Style(role, bold: true))
        guard let url = session.url, shortening < .noURL else { return line }
        let text = shortening < .shortURL ? url : String(url.drop { $0 != "/" }.drop { $0 == "/" })
        line.append(" \(text)")
        return line
    }

    private func secrets(_ shortening: Shortening) -> StyledLine {
        let held = session.keyring.secrets
        switch held.count {
        case 0: return StyledLine(shortening < .shortSecret ? "no secret — press s" : "no secret", Style(.notice))
        case 1:
            let secret = held[0]
            let name = SafeText(secret.label).clipped(to: 20)
            guard shortening < .shortSecret else { return StyledLine("(\(secret.fingerprint))", Style(.secondary)) }
            return StyledLine("secret ", Style(.secondary)) + StyledLine(name)
                + StyledLine(" (\(secret.fingerprint))", Style(.secondary))
        default: return StyledLine("\(held.count) secrets")
        }
    }

    private func counts(_ shortening: Shortening) -> StyledLine {
        let standing: [SignatureVerdict] = [.valid, .invalid, .missing, .unverified]
        let tally = session.change.tally
        let shown = SignatureVerdict.counted.filter { verdict in
            tally[verdict] > 0 || (shortening < .noZeroCounts && standing.contains(verdict))
        }
        let parts = shown.map { verdict in
            let count: SafeText = "\(verdict.glyph) \(Wording.grouped(tally[verdict]))"
            return StyledLine(count, tally[verdict] == 0 ? Style(.secondary) : verdict.style)
        }
        guard let first = parts.first else { return StyledLine("none yet", Style(.secondary)) }
        return parts.dropFirst().reduce(first) { $0 + StyledLine("  ") + $1 }
    }

    private func answers(_ shortening: Shortening) -> StyledLine {
        let answers = session.answers
        var line = StyledLine("answers ", Style(.secondary))
        line.append("\(Wording.duration(microseconds: answers.median))")
        if shortening < .noP99 {
            line.append(", p99 ", Style(.secondary))
            line.append("\(Wording.duration(microseconds: answers.p99))")
        }
        return line
    }
}
