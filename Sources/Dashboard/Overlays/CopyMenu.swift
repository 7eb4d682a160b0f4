import Base
import History
import Notifications
import Sending
import Terminal

/// The menu of what to copy. A letter chooses.
struct CopyMenu: Hashable, Overlay {
    static let layer = OverlayLayer.menu

    let policy: Masking
    let deliveryID: Int64
    /// The event's position in its delivery, from 0.
    let position: Int?
    /// The value under the cursor when the menu was opened.
    let value: CopyRequest.Value
    /// The selected rows, if any, and their number in words.
    var rows: ExportRequest.Rows?
    var words: String?

    var context: BindingContext { .copying }

    func isValid(_ model: DashboardModel) -> Bool { model.selectedRow != nil }

    func target(at point: Point, _ model: DashboardModel, _ layout: Layout) -> Target? {
        let lines = buttons(model.bindings, columns: layout.notice.columns)
        return ButtonLine.action(at: point, in: layout.notice, of: lines).map(Target.command)
    }

    /// Returns the letters with the part that each copies, and a remark about secret-bearing fields.
    func notice(_ model: DashboardModel, columns: Int) -> [StyledLine]? {
        let bindings = model.bindings
        let remark =
            switch policy {
            case .masked:
                "Authorization, cookies and the rule's own header fields become ***; "
                    + "\(bindings.name(of: .copyAsReceived)) copies them as received."
            case .asReceived: "All header fields as received, including Authorization, cookies and the rule's own."
            }
        let style = Style(policy == .masked ? .secondary : .warning)
        return buttons(bindings, columns: columns).map(\.line)
            + Prose.lines(remark, columns: columns - 2, style: style).map { StyledLine(" ") + $0 }
    }

    /// Returns the letters, each as a button.
    func buttons(_ bindings: Bindings, columns: Int) -> [ButtonLine<Command>] {
        var lines = [ButtonLine<Command>(StyledLine(" Copy", Style(.heading)))]
        if let words { lines[0].append(StyledLine(" \(words):")) }
        for item in bindings.bindings(in: .copying) where item != .goBack {
            guard let key = item.keys.first else { continue }
            let hint = StyledLine("\(key.name)", Style(.accent, bold: true)) + StyledLine(" \(item.meaning)")
            ButtonLine.append(hint, item, gap: "  ", indent: "     ", to: &lines, columns: columns)
        }
        return lines
    }
}

// MARK: - Copying

extension BindingContext {
    static let copying: BindingContext = .init(
        "copying", title: "Choosing what to copy", with: [.everywhere], way: .copy)
}

extension Command {
    static let copy = Command(
        "copy", "y", in: .rows, "copy: body, headers, request, curl…", footer: .medium("copy"),
        plain: .hint(
            "print body, print headers, print curl",
            PlainWord(
                "print", also: ["copy"], syntax: "body|headers|request|curl|signature|event-id|object [as-received]",
                "the text itself; headers with secrets are masked unless as-received is added"
            ) { $0.printText($1) }), unavailable: CopyMenu.hasNoRow
    ) { $0[CopyMenu.self] = $0.menu(.masked) }
    static let copyAsReceived = Command(
        "copy-as-received", "Y", in: .rows, "copy, with Authorization, cookies and the like", plain: copy.plain,
        unavailable: CopyMenu.hasNoRow
    ) { $0[CopyMenu.self] = $0.menu(.asReceived) }

    /// The commands that copy, and the letters of the menu.
    static let ofCopying: [Command] =
        [copy, copyAsReceived]
        + [BindingContext.deliveries, .detail].flatMap { [copy.same(in: $0), copyAsReceived.same(in: $0)] }
        + [
            subject("copy-body", "b", "body", "body") { _ in .body },
            subject("copy-headers", "h", "headers", "headers") { _ in .headers },
            subject("copy-request", "r", "raw request", "request") { _ in .request },
            subject("copy-curl", "c", "curl command", "curl") { _ in .curl },
            subject("copy-signature", "s", "signature", "signature") { _ in .signature },
            subject("copy-value", "v", "value at the cursor, or object name", "object") { .value($0.value) },
            subject("copy-event-id", "i", "event id", "event-id") { _ in .eventID },
            .goBack.also(in: .copying, keys: [.escape, "q"], "leave", footer: .narrow("leave")),
        ]

    /// Returns the command for a letter of the menu.
    ///
    /// - Parameter word: The name of the subject for `print`.
    private static func subject(
        _ name: String, _ key: Key, _ meaning: String, _ word: String,
        _ subject: @escaping @Sendable (CopyMenu) -> CopyRequest.Subject
    ) -> Command {
        Command(name, key, in: .copying, meaning, plain: .line("print \(word)")) { $0.copy(subject) }
    }
}

extension CopyMenu {
    fileprivate static let hasNoRow: @Sendable (DashboardModel) -> String? = { model in
        model.selectedRow == nil ? "No delivery to copy." : nil
    }
}

extension DashboardModel {
    fileprivate mutating func copy(_ subject: (CopyMenu) -> CopyRequest.Subject) {
        guard let menu = self[CopyMenu.self] else { return }
        self[CopyMenu.self] = nil
        let request = CopyRequest(
            deliveryID: menu.deliveryID, position: menu.position, subject: subject(menu), policy: menu.policy,
            rows: menu.rows, listener: session.url)
        ask(on: .documents) { outside, _ in
            try outside.copy(request)
        } then: { model, result in
            switch result {
            case .success(let copied):
                let key = model.bindings.name(of: .copyAsReceived)
                model.session.tell("\(copied.sentence(asReceived: key))", .good)
                if case .terminal(let bytes) = copied.place {
                    model.request(.sendToTerminal(bytes))
                }
            case .failure(let failure): model.session.tell("\(failure.sentence)", .notice)
            }
        }
    }

    /// Returns the menu for what the screen shows now; rows that arrive while it is open change nothing. In the lists
    /// it applies to all selected rows, in the detail pane to the delivery shown there.
    fileprivate func menu(_ policy: Masking) -> CopyMenu? {
        if detail.hasKeys, let shown = detail.document?.request {
            return CopyMenu(policy: policy, deliveryID: shown.deliveryID, position: shown.position, value: valueAtHand)
        }
        return selectedRow.map { row in
            let chosen = view.showsRows ? selectedRows : nil
            return CopyMenu(
                policy: policy, deliveryID: row.deliveryID, position: row.position, value: .object,
                rows: chosen?.0, words: chosen?.words)
        }
    }

    /// The value under the cursor of the detail pane; without one, the object's name.
    private var valueAtHand: CopyRequest.Value {
        guard let source = detail.cursorSource else { return .object }
        return detail.tab == .headers ? .header(source) : .json(line: source)
    }
}

// MARK: - Requests

/// A request to copy a part of a delivery.
struct CopyRequest: Sendable, Hashable {
    /// The parts that can be copied.
    enum Subject: Sendable, Hashable {
        case body, headers, request, curl, signature, eventID
        case value(Value)
    }

    /// The position of a single value.
    enum Value: Sendable, Hashable {
        /// The value that begins on this line of the formatted body, from 0.
        case json(line: Int)
        /// The value of this header field, from 0.
        case header(Int)
        /// The object's name, or the target of a request without an event.
        case object
    }

    var deliveryID: Int64
    /// The event's position in its delivery, from 0.
    var position: Int?
    var subject: Subject
    var policy: Masking
    /// The selected rows; nil to copy only the delivery above.
    var rows: ExportRequest.Rows?
    /// The URL of the listener.
    var listener: String?
}

/// The result of copying.
struct Copied: Sendable, Hashable {
    enum Place: Sendable, Hashable {
        case terminal([UInt8])
        /// A file, because terminals do not accept a copy of this size.
        case file(String)
    }

    /// The name of the copied part, such as `body`.
    var name: String
    var count: Int
    var place: Place
    /// Remarks to show with the result, such as what is missing.
    var remarks: [String] = []
    /// The masked parts: header fields by name, and the URL, each once.
    var masked: [String] = []

    /// Returns a sentence about the copy. It does not mention the clipboard, because b2watch cannot know whether the
    /// terminal fills it.
    ///
    /// - Parameter asReceived: The keys that copy the masked parts unmasked.
    func sentence(asReceived: String) -> String {
        let size = "\(Wording.grouped(count)) \(count == 1 ? "byte" : "bytes") of \(name)"
        let said =
            switch place {
            case .terminal: "Sent to the terminal: \(size)."
            case .file(let path): "Too much for a terminal: \(size) are in \(path), readable by you alone."
            }
        return ([said] + remarks + hidden(asReceived: asReceived)).joined(separator: " ")
    }

    /// Returns a sentence about masked fields, if there are any.
    func hidden(asReceived: String) -> [String] {
        masked.isEmpty ? [] : ["Masked: \(masked.joined(separator: ", ")); with \(asReceived) they are not."]
    }
}
