import Notifications
import SafeText

/// What is said of a signature on standard output: the verdict's word on the first line, then why.
struct SignatureReport {
    let evidence: SignatureEvidence
    /// The verdict in the history, in a sentence; nil where the delivery is from none.
    var recorded: String?
    /// Whether the secret that makes it valid was deleted as leaked.
    var isLeaked = false
    /// A secret that is right, though it was not to be tried, and where it is held.
    var unnamed: (label: String, source: String)?

    var verdict: SignatureVerdict {
        isLeaked && evidence.judgement.verdict == .valid ? .removed : evidence.judgement.verdict
    }

    /// In UTF-8, with nothing in it that a terminal would obey.
    var bytes: [UInt8] {
        var lines: [SafeText] = ["\(verdict.word)", "\(evidence.sentence)"]
        if verdict == .removed {
            lines.append("This secret was deleted as leaked: whoever has it could have signed this.")
        }
        if let unnamed {
            lines += block(
                "Why",
                [
                    "It is right under the secret “\(unnamed.label)”, which b2watch has (from \(unnamed.source)) but was not named"
                        + " with --secret-file."
                ])
            lines += block("What to do", ["Name that one with --secret-file too, or leave --secret-file out."])
        } else {
            for section in evidence.diagnosis?.sections ?? [] { lines += block(section.heading, section.paragraphs) }
        }
        lines += block("Received", evidence.received.isEmpty ? ["no signature header"] : evidence.received)
        for each in evidence.expectations {
            let bound = each.binding == .any ? "" : ", bound to \(each.binding)"
            let mark = each.isReceived ? "received" : "not received"
            lines += block("Computed with \(each.label) (\(each.fingerprint))\(bound): \(mark)", [each.signature])
        }
        if let recorded { lines += block("Recorded", [recorded]) }
        return Array(lines.map { $0.string + "\n" }.joined().utf8)
    }

    private func block(_ heading: String, _ paragraphs: [String]) -> [SafeText] {
        ["", "\(heading)"] + paragraphs.map { "  \($0)" }
    }
}
