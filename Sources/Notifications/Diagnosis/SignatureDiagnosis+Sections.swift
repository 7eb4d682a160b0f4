extension SignatureDiagnosis {
    /// A heading with paragraphs under it. They may hold text from outside: escape them before they are shown.
    public struct Section: Sendable, Hashable {
        public let heading: String
        public let paragraphs: [String]
        /// Whether it only says what it is not.
        public let isSecondary: Bool
    }

    /// The diagnosis as it is told: the cause, what to do, and what may have changed the body; else what was seen, and what
    /// it is not.
    public var sections: [Section] {
        let all: [Section]
        if let cause {
            all = [
                Section(heading: "Why", paragraphs: cause.isBindingAlone ? [] : [cause.sentence], isSecondary: false),
                Section(heading: "What to do", paragraphs: [cause.advice], isSecondary: false),
                Section(heading: "Seen on the way", paragraphs: onTheWay(cause), isSecondary: false),
            ]
        } else {
            all = [
                Section(heading: "Seen, and may be why", paragraphs: seen.map(\.sentence), isSecondary: false),
                Section(heading: "What to try", paragraphs: tries.map(\.sentence), isSecondary: false),
                Section(heading: "Ruled out", paragraphs: ruledOut, isSecondary: true),
                Section(heading: "Not tried", paragraphs: notTried, isSecondary: true),
            ]
        }
        return all.filter { !$0.paragraphs.isEmpty }
    }

    /// Whether it names a cause that the verdict's own sentence does not.
    public var explainsItself: Bool { cause.map { !$0.isBindingAlone } ?? false }

    private var seen: [DiagnosisHint] { hints.filter { $0 != .otherSecret } }
    private var tries: [DiagnosisHint] { hints.filter { $0 == .otherSecret } }

    /// Who may have changed the body, where that is what went wrong.
    private func onTheWay(_ cause: DiagnosisCause) -> [String] {
        let isOfBody = cause.changes.contains { if case .body = $0 { true } else { false } }
        return hints.compactMap { hint in
            if case .proxy = hint, isOfBody { hint.sentence } else { nil }
        }
    }
}

extension DiagnosisCause {
    /// Whether the verdict's sentence says all of it: right, but bound to something else.
    fileprivate var isBindingAlone: Bool {
        guard case .binding? = changes.first else { return false }
        return changes.count == 1
    }
}
