import Notifications
import SafeText

/// What is said of a signature on standard output: the verdict's word on the first line, then why.
struct SignatureReport {
    let evidence: SignatureEvidence
    /// A secret that is right, though it was not to be tried, and where it is held.
    var unnamed: (label: String, source: String)?

    /// In UTF-8, with nothing in it that a terminal would obey.
    var bytes: [UInt8] {
        var lines: [SafeText] = ["\(evidence.judgement.verdict.word)", "\(evidence.sentence)"]
        if let unnamed {
            lines += block(
                "Why",
                [
                    "It is right under the secret “\(unnamed.label)”, which is held (\(unnamed.source)) but was not named"
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
        return Array(lines.map { $0.string + "\n" }.joined().utf8)
    }

    private func block(_ heading: String, _ paragraphs: [String]) -> [SafeText] {
        ["", "\(heading)"] + paragraphs.map { "  \($0)" }
    }
}
