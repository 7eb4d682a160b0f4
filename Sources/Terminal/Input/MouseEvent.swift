/// Something done with the mouse.
public struct MouseEvent: Sendable, Hashable {
    /// What was done.
    public enum Kind: Sendable, Hashable {
        /// A button went down, or up again.
        case press, release
        /// A button went down for the second time at once, in the same place. The first time came as `press`.
        case doublePress
        /// The wheel was turned by a notch.
        case wheelUp, wheelDown
    }

    /// A button.
    public enum Button: Sendable, Hashable {
        /// The buttons that terminals tell of.
        case left, middle, right
    }

    /// Keys held down meanwhile. With Shift, most terminals select text themselves and tell nothing.
    public struct Modifiers: OptionSet, Sendable, Hashable {
        /// The keys as bits.
        public let rawValue: UInt8

        /// Keys from bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Shift.
        public static let shift = Modifiers(rawValue: 1)
        /// Alt, or Meta.
        public static let alt = Modifiers(rawValue: 2)
        /// Control.
        public static let control = Modifiers(rawValue: 4)
    }

    /// What was done.
    public var kind: Kind
    /// With which button; nil for the wheel, and for a release on terminals that do not say whose.
    public var button: Button?
    /// In which cell; the top left one is 0, 0.
    public var point: Point
    /// With which keys held down.
    public var modifiers: Modifiers

    /// An event.
    public init(_ kind: Kind, _ button: Button? = nil, at point: Point, modifiers: Modifiers = []) {
        self.kind = kind
        self.button = button
        self.point = point
        self.modifiers = modifiers
    }
}
