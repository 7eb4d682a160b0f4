extension SignatureDiagnosis {
    /// A heading with paragraphs under it. They may hold text from outside: escape them before they are shown.
    public struct Section: Sendable, Hashable {
        public let heading: String
        public let paragraphs: [String]
        /// Whether it only says what it is not.
        public let isSecondary: Bool
    }

    /// The diagnosis as it is told: the cause and what to do; else what was seen, and what it is not.
    public var sections: [Section] {
        let all: [Section]
        if let cause {
            all = [
                Section(heading: "Why", paragraphs: cause.isBindingAlone ? [] : [cause.sentence], isSecondary: false),
                Section(heading: "What to do", paragraphs: [cause.advice], isSecondary: false),
            ]
        } else {
            all = [
                Section(heading: "Seen, and may be why", paragraphs: hints.map(\.sentence), isSecondary: false),
                Section(heading: "Ruled out", paragraphs: ruledOut, isSecondary: true),
            ]
        }
        return all.filter { !$0.paragraphs.isEmpty }
    }
}

extension DiagnosisCause {
    /// Whether the verdict's sentence says all of it: right, but bound to something else.
    fileprivate var isBindingAlone: Bool {
        guard case .binding? = changes.first else { return false }
        return changes.count == 1
    }
}
