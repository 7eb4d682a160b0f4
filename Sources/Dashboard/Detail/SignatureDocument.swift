import Notifications
import SafeText
import Terminal

/// The Signature tab: the verdict, why and what to do where it is not valid, the header received, and what each held secret
/// gives.
struct SignatureDocument {
    let evidence: SignatureEvidence
    let columns: Int

    var lines: [StyledLine] {
        let verdict = evidence.judgement.verdict
        var lines = [StyledLine("\(verdict.glyph) \(verdict.title)", verdict.style)]
        let sentence = Prose.lines(evidence.sentence, columns: columns, style: .plain)
        if let diagnosis = evidence.diagnosis {
            // A cause says more than that the digest is not the right one.
            lines += diagnosis.explainsItself ? why(diagnosis) + [StyledLine()] + sentence : sentence + why(diagnosis)
        } else {
            lines += sentence
        }
        lines.append(StyledLine())

        lines.append(StyledLine("Received", Style(.heading)))
        if evidence.received.isEmpty { lines.append(StyledLine("  no signature header", Style(.secondary))) }
        for value in evidence.received { lines += indented("\(value)") }

        for expectation in evidence.expectations {
            lines.append(StyledLine())
            lines.append(title(of: expectation))
            let style = expectation.isReceived ? Style(.good) : .plain
            lines += indented("\(expectation.signature)", style)
        }
        return lines
    }

    private func why(_ diagnosis: SignatureDiagnosis) -> [StyledLine] {
        diagnosis.sections.flatMap { section in
            block("\(section.heading)", section.paragraphs, section.isSecondary ? Style(.secondary) : .plain)
        }
    }

    /// A heading with paragraphs under it.
    private func block(_ heading: SafeText, _ paragraphs: [String], _ style: Style) -> [StyledLine] {
        let lines = paragraphs.flatMap { paragraph in
            Prose.lines(paragraph, columns: max(8, columns - 2)).map { StyledLine("  " + $0, style) }
        }
        return [StyledLine(), StyledLine(heading, Style(.heading))] + lines
    }

    private func title(of expectation: SignatureEvidence.Expectation) -> StyledLine {
        var line = StyledLine(
            "Computed with \(expectation.label) (\(expectation.fingerprint))", Style(.heading))
        if expectation.binding != .any { line.append(", bound to \(expectation.binding)", Style(.secondary)) }
        line.append(
            expectation.isReceived ? "  ✓ received" : "  not received",
            expectation.isReceived ? Style(.good) : Style(.secondary))
        return line.clipped(to: columns)
    }

    private func indented(_ text: SafeText, _ style: Style = .plain) -> [StyledLine] {
        text.wrapped(to: max(8, columns - 2)).map { StyledLine("  " + $0, style) }
    }
}
