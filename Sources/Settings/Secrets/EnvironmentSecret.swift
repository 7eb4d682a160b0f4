import Notifications

/// The secret that the environment variable gave, or why it gave none.
///
/// Made once, at the start, and kept for reloads: the variable is unset then, and its text is kept nowhere.
public struct EnvironmentSecret: Sendable {
    private let result: Result<LoadedSecret, SecretSourceError>

    /// - Parameter value: The variable's value.
    public init(_ value: String) {
        do throws(SecretSourceError) {
            result = .success(
                try LoadedSecret(
                    SecretContents(text: value), label: "environment", binding: .any, source: .environment))
        } catch {
            result = .failure(error)
        }
    }

    /// - Throws: `SecretSourceError` where the variable was empty.
    func load() throws(SecretSourceError) -> LoadedSecret { try result.get() }
}
