/// Why the screen's thread woke up. Several reasons may come together.
public struct Wake: OptionSet, Sendable, Hashable {
    /// The reasons as bits.
    public let rawValue: UInt8

    /// Reasons from bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Something was typed, or the size changed: `Screen.readInput()`.
    public static let input = Wake(rawValue: 1)
    /// There are messages: `Mailbox.drain()`.
    public static let mail = Wake(rawValue: 2)
    /// The deadline has come.
    public static let deadline = Wake(rawValue: 4)
    /// The terminal is gone: its window was closed, or the line dropped. Nothing will come from it any more.
    public static let hangUp = Wake(rawValue: 8)
    /// Someone sent SIGTSTP: `Screen.suspend()`, if that is wanted.
    public static let stopAsked = Wake(rawValue: 16)
    /// The process was stopped and goes on, so the terminal may be in any state: `Screen.redraw()`.
    public static let continued = Wake(rawValue: 32)
    /// The output takes more: only who asks for it is told.
    public static let room = Wake(rawValue: 64)
}
