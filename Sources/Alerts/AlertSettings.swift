/// When somebody who looks elsewhere is told of what happens, and how.
public struct AlertSettings: Sendable, Hashable {
    /// For what the bell rings.
    public enum Bell: Sendable, Hashable {
        case never
        /// A delivery that is a problem, as `!` lists them.
        case problem
        /// Every event, and every problem.
        case event
    }

    /// For what the bell rings.
    public var bell = Bell.never
    /// The program to run on a problem, with its arguments; never a shell's line. At least one element.
    public var onProblem: [String]?
    /// How long nothing may come before that is warned of; more than nothing.
    public var quietAfter: Duration?

    /// Nobody is told anything.
    public init(bell: Bell = .never, onProblem: [String]? = nil, quietAfter: Duration? = nil) {
        self.bell = bell
        self.onProblem = onProblem
        self.quietAfter = quietAfter
    }

    /// Whether nothing is to be done, whatever happens.
    public var isNothing: Bool { self == AlertSettings() }
}
