public import Base

/// A person's input at the terminal.
public enum Input: Sendable, Hashable {
    /// A key was pressed.
    case key(Key)
    /// A bracketed paste: its bytes, with CR turned into LF. Never to be taken for keys.
    case paste([UInt8])
    /// A bracketed paste of more than a mebibyte, which was dropped: half of a text is not the text.
    case overlongPaste
    /// An event of the mouse, if the screen was asked to report it.
    case mouse(MouseEvent)
    /// The terminal has another size now.
    case resized(Size)
}

// MARK: - The mouse

/// Something done with the mouse.
public struct MouseEvent: Sendable, Hashable {
    /// The kind of the event.
    public enum Kind: Sendable, Hashable {
        /// A button went down, or up again.
        case press, release
        /// A button was pressed a second time within a short time, in the same place. The first press was reported as
        /// `press`.
        case doublePress
        /// The wheel was turned by a notch.
        case wheelUp, wheelDown
    }

    /// A button.
    public enum Button: Sendable, Hashable {
        /// The buttons that terminals report.
        case left, middle, right
    }

    /// The modifier keys pressed during the event. With Shift, most terminals select text themselves and report
    /// nothing.
    public struct Modifiers: OptionSet, Sendable, Hashable {
        /// The keys as bits.
        public let rawValue: UInt8

        /// Creates a set from bits.
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

    /// The kind of the event.
    public var kind: Kind
    /// The button; nil for the wheel, and for a release on terminals that do not report the button.
    public var button: Button?
    /// In which cell; the top left one is 0, 0.
    public var point: Point
    /// The modifier keys pressed.
    public var modifiers: Modifiers

    /// Creates an event.
    public init(_ kind: Kind, _ button: Button? = nil, at point: Point, modifiers: Modifiers = []) {
        self.kind = kind
        self.button = button
        self.point = point
        self.modifiers = modifiers
    }
}
