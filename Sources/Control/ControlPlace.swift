/// Where the control socket of a listener is.
public enum ControlPlace {
    /// The socket beside a history.
    ///
    /// - Parameter history: The history's path, with links followed.
    public static func socket(beside history: String) -> String {
        history + ".control"
    }
}
