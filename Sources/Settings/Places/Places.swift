/// Where b2watch keeps its files, by the XDG base directory specification. Each place stands for itself: one that is
/// not told is missed only by who asks for it.
public struct Places: Sendable, Hashable {
    private let stateFolder: String?
    private let configurationFolder: String?

    /// - Parameter environment: The process's environment.
    public init(environment: [String: String]) {
        func folder(_ variable: String, below home: String) -> String? {
            // The specification: a relative path is invalid and to be ignored.
            if let path = environment[variable], path.hasPrefix("/") { return "\(path)/b2watch" }
            guard let path = environment["HOME"], path.hasPrefix("/") else { return nil }
            return "\(path)/\(home)/b2watch"
        }
        stateFolder = folder("XDG_STATE_HOME", below: ".local/state")
        configurationFolder = folder("XDG_CONFIG_HOME", below: ".config")
    }

    /// `$XDG_STATE_HOME/b2watch`, or `~/.local/state/b2watch`.
    public var state: String {
        get throws(PlacesError) {
            guard let stateFolder else { throw .noState }
            return stateFolder
        }
    }

    /// `$XDG_CONFIG_HOME/b2watch`, or `~/.config/b2watch`.
    public var configuration: String {
        get throws(PlacesError) {
            guard let configurationFolder else { throw .noConfiguration }
            return configurationFolder
        }
    }

    /// The record of all deliveries, unless `--history` names another.
    public var history: String { get throws(PlacesError) { "\(try state)/history.sqlite" } }

    /// What b2watch itself did and warned of; the older files beside it end in `.1` to `.4`.
    public var log: String { get throws(PlacesError) { "\(try state)/b2watch.log" } }

    /// What the user has set; the file may be missing.
    public var settings: String { get throws(PlacesError) { "\(try configuration)/config.yaml" } }

    /// How the screen was left, for the next time.
    public var view: String { get throws(PlacesError) { "\(try state)/view.json" } }

    /// The signing secrets that the user asked to remember.
    public var secrets: String { get throws(PlacesError) { "\(try configuration)/secrets" } }
}

/// Why there is no place for files.
public enum PlacesError: Error, Sendable, CustomStringConvertible {
    case noState
    case noConfiguration

    public var description: String {
        switch self {
        case .noState:
            "neither HOME nor XDG_STATE_HOME says where the history goes: set one of them, or give --history FILE"
        case .noConfiguration:
            "neither HOME nor XDG_CONFIG_HOME says where secrets are saved: set one of them"
        }
    }
}
