import Base
import History
import Terminal

/// An overlay over a tab: its state and its behaviour. Each overlay has one file.
///
/// Only the code that opens an overlay knows it by name. The place of the keyboard, the title, drawing, keys, pastes
/// and the mouse all use the innermost overlay, whatever it is.
protocol Overlay: Sendable {
    static var layer: OverlayLayer { get }

    /// The nearest context of the keyboard while it is the innermost overlay.
    var context: BindingContext { get }
    /// Its title in the line of tabs; nil if the title of the tab stays.
    var tabTitle: String? { get }
    /// Whether nothing else can be clicked.
    var isModal: Bool { get }
    /// The command that a double click on a line runs.
    var opening: Command { get }
    /// The next time at which its content changes by itself; nil if it will not.
    var deadline: ContinuousClock.Instant? { get }

    /// Returns whether its subject still exists.
    func isValid(_ model: DashboardModel) -> Bool
    /// Updates the state that depends on its size or on the rest of the model.
    mutating func settle(_ model: DashboardModel, _ layout: Layout)
    /// Asks for the data that it needs and does not have.
    mutating func ask(_ context: inout Context)

    /// Returns the number of rows that it needs above the footer.
    func height(_ model: DashboardModel, columns: Int) -> Int
    /// Returns its lines above the footer; nil if it draws in a rectangle instead.
    func notice(_ model: DashboardModel, columns: Int) -> [StyledLine]?
    /// Returns its rectangle in the view.
    func rectangle(in main: Rect) -> Rect
    /// Draws it, and returns the cursor's position if the cursor is visible.
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point?
    /// Returns the mouse target at a point of the screen.
    func target(at point: Point, _ model: DashboardModel, _ layout: Layout) -> Target?

    /// Handles a key that has no command here.
    ///
    /// - Returns: Whether it was handled.
    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool
    /// Handles a paste.
    ///
    /// - Returns: Whether a field accepted it.
    mutating func paste(_ bytes: [UInt8], _ model: inout DashboardModel) -> Bool
    mutating func scroll(by lines: Int, _ session: Session)
    /// Selects the item on a line.
    ///
    /// - Returns: Whether there is one.
    mutating func select(line: Int, rows: Int, _ session: Session) -> Bool
    /// Closes its innermost part.
    ///
    /// - Returns: Whether the whole overlay must close, because no part of it was open.
    mutating func stepBack() -> Bool
    /// Undoes its effects on the model after the user has left it.
    func left(_ model: inout DashboardModel)
}

/// The order of overlays: one of a later layer covers those of earlier layers, whichever was opened first. Each layer
/// has at most one overlay.
enum OverlayLayer: Int, Comparable {
    /// A box in the view.
    case box
    /// The first steps, in place of the view.
    case steps
    /// A page of text, in place of the view.
    case page
    /// A screen of its own, in place of the view.
    case screen
    /// An input line above the footer.
    case prompt
    /// The help, in place of the view and of the input line.
    case help
    /// The letters of a menu above the footer.
    case menu
    /// A question above the footer.
    case question

    static func < (one: OverlayLayer, other: OverlayLayer) -> Bool { one.rawValue < other.rawValue }

    /// Whether it replaces the view.
    var fillsView: Bool { [.steps, .page, .screen, .help].contains(self) }
    /// Whether `q` closes it rather than end the dashboard.
    var isView: Bool { fillsView || self == .box }
}

extension Overlay {
    var layer: OverlayLayer { Self.layer }
    var tabTitle: String? { nil }
    var isModal: Bool { !layer.isView }
    var opening: Command { .open }
    var deadline: ContinuousClock.Instant? { nil }

    func isValid(_ model: DashboardModel) -> Bool { true }
    mutating func settle(_ model: DashboardModel, _ layout: Layout) {}
    mutating func ask(_ context: inout Context) {}
    func height(_ model: DashboardModel, columns: Int) -> Int { 0 }
    func notice(_ model: DashboardModel, columns: Int) -> [StyledLine]? { nil }
    func rectangle(in main: Rect) -> Rect { main }
    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? { nil }
    func target(at point: Point, _ model: DashboardModel, _ layout: Layout) -> Target? {
        let rectangle = rectangle(in: layout.main)
        return !isModal && rectangle.contains(point) ? .line(point.row - rectangle.row) : nil
    }
    mutating func type(_ key: Key, _ model: inout DashboardModel) -> Bool { false }
    mutating func paste(_ bytes: [UInt8], _ model: inout DashboardModel) -> Bool { false }
    mutating func scroll(by lines: Int, _ session: Session) {}
    mutating func select(line: Int, rows: Int, _ session: Session) -> Bool { false }
    mutating func stepBack() -> Bool { true }
    func left(_ model: inout DashboardModel) {}
}

/// An input line above the footer.
protocol Prompt: Overlay {
    mutating func insert(_ text: String, _ model: inout DashboardModel)
}

extension Prompt {
    static var layer: OverlayLayer { .prompt }

    /// Inserts pasted text. Several lines become one.
    mutating func paste(_ bytes: [UInt8], _ model: inout DashboardModel) -> Bool {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            model.session.tell("The paste is not UTF-8 and was dropped.", .notice)
            return true
        }
        let lines = text.split(whereSeparator: \.isNewline)
        insert(String(lines.joined(separator: " ").prefix(4_096)), &model)
        return true
    }
}

// MARK: - The open overlays

/// The open overlays, the innermost last, each with the number of its opening.
struct OverlayStack: Sendable {
    private(set) var all: [(opening: Int, overlay: any Overlay)] = []
    /// The number of the last opening. The numbers of tabs are smaller.
    private var last = 1_000

    var innermost: (any Overlay)? { all.last?.overlay }

    /// The overlay that is shown in place of the view.
    var filling: (any Overlay)? { all.last { $0.overlay.layer.fillsView }?.overlay }

    /// The visible input line; nil while the help covers it.
    var prompt: (any Prompt)? { all.last { $0.overlay.layer < .menu }?.overlay as? any Prompt }

    /// Returns whether an overlay of some layer is open.
    func contains(_ layers: OverlayLayer...) -> Bool { all.contains { layers.contains($0.overlay.layer) } }

    /// Returns the index of the overlay of an opening; nil if it has closed.
    func index(of opening: Int) -> Int? { all.firstIndex { $0.opening == opening } }

    mutating func open(_ overlay: any Overlay) {
        last += 1
        all.insert((last, overlay), at: all.firstIndex { $0.overlay.layer > overlay.layer } ?? all.count)
    }

    mutating func replace(at index: Int, with overlay: any Overlay) { all[index].overlay = overlay }

    /// Removes an overlay, and returns the number of its opening.
    mutating func close(at index: Int) -> Int { all.remove(at: index).opening }
}

extension DashboardModel {
    /// The open overlay of a type. Setting it changes, opens or closes the overlay; opening it closes another one of its
    /// layer.
    subscript<V: Overlay>(_ type: V.Type) -> V? {
        get { overlays.all.lazy.compactMap { $0.overlay as? V }.first }
        set {
            switch (overlays.all.firstIndex { $0.overlay is V }, newValue) {
            case (let index?, let overlay?): overlays.replace(at: index, with: overlay)
            case (nil, let overlay?): open(overlay)
            case (let index?, nil): close(at: index)
            case (nil, nil): break
            }
        }
    }

    /// Opens an overlay, and closes another one of its layer.
    mutating func open(_ overlay: some Overlay) {
        closeOverlays { $0.layer == overlay.layer }
        overlays.open(overlay)
    }

    /// Closes an overlay. Answers to its questions are dropped.
    private mutating func close(at index: Int) { context.questions.forgetAll(of: overlays.close(at: index)) }

    /// Closes all overlays that meet a condition.
    mutating func closeOverlays(where isMeant: (any Overlay) -> Bool) {
        for index in overlays.all.indices.reversed() where isMeant(overlays.all[index].overlay) { close(at: index) }
    }

    /// Changes the innermost overlay, which may change the rest of the model.
    ///
    /// - Returns: The result; nil if no overlay is open.
    mutating func changeInnermost<Result>(
        _ body: (inout any Overlay, inout DashboardModel) -> Result
    ) -> Result? {
        guard let opening = overlays.all.last?.opening, var overlay = overlays.innermost else { return nil }
        let result = body(&overlay, &self)
        if let index = overlays.index(of: opening) { overlays.replace(at: index, with: overlay) }
        return result
    }

    /// Closes the innermost overlay, or the innermost part of it.
    ///
    /// - Returns: Whether one was open.
    mutating func stepBack() -> Bool {
        guard let index = overlays.all.indices.last else { return false }
        var overlay = overlays.all[index].overlay
        if overlay.stepBack() {
            close(at: index)
            overlay.left(&self)
        } else {
            overlays.replace(at: index, with: overlay)
        }
        return true
    }

    /// Closes the overlays whose subject no longer exists.
    mutating func closeInvalidOverlays() {
        for index in overlays.all.indices.reversed() where !overlays.all[index].overlay.isValid(self) {
            close(at: index)
        }
    }

    /// Updates the state of the overlays that depends on their size or on the rest of the model.
    mutating func settleOverlays(_ layout: Layout) {
        for index in overlays.all.indices {
            var overlay = overlays.all[index].overlay
            overlay.settle(self, layout)
            overlays.replace(at: index, with: overlay)
        }
    }

    /// Lets the overlays ask for the data that they need.
    mutating func askForOverlays() {
        for index in overlays.all.indices {
            var overlay = overlays.all[index].overlay
            context.opening = overlays.all[index].opening
            overlay.ask(&context)
            overlays.replace(at: index, with: overlay)
        }
    }
}
