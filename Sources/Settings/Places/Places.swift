/// Where b2watch keeps its files, by the XDG base directory specification.
public struct Places: Sendable, Hashable {
    /// `$XDG_STATE_HOME/b2watch`, or `~/.local/state/b2watch`.
    public let state: String
    /// `$XDG_CONFIG_HOME/b2watch`, or `~/.config/b2watch`.
    public let configuration: String

    /// - Parameter environment: The process's environment.
    /// - Throws: `PlacesError` where neither the XDG variables nor HOME tell.
    public init(environment: [String: String]) throws(PlacesError) {
        func folder(_ variable: String, below home: String) throws(PlacesError) -> String {
            // The specification: a relative path is invalid and to be ignored.
            if let path = environment[variable], path.hasPrefix("/") { return "\(path)/b2watch" }
            guard let path = environment["HOME"], path.hasPrefix("/") else { throw .noHome }
            return "\(path)/\(home)/b2watch"
        }
        state = try folder("XDG_STATE_HOME", below: ".local/state")
        configuration = try folder("XDG_CONFIG_HOME", below: ".config")
    }

    /// The record of all deliveries, unless `--history` names another.
    public var history: String { "\(state)/history.sqlite" }

    /// What b2watch itself did and warned of while its screen was up.
    public var log: String { "\(state)/b2watch.log" }

    /// The signing secrets that the user asked to remember.
    public var secrets: String { "\(configuration)/secrets" }
}

/// Why there is no place for files.
public enum PlacesError: Error, Sendable, CustomStringConvertible {
    case noHome

    public var description: String {
        "neither HOME nor XDG_STATE_HOME and XDG_CONFIG_HOME say where files go: set HOME, or give --history FILE"
    }
}
