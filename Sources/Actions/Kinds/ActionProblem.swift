/// Why an action does not work, in a sentence that says what to do and holds no secret.
struct ActionProblem: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
