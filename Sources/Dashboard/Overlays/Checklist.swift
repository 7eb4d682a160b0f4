import Base
import History
import Receiving
import Terminal

/// The first steps, each with a tick once it is done. The screen shows them until something has arrived.
struct Checklist: Overlay {
    static let layer = OverlayLayer.steps

    var context: BindingContext { .checklist }
    var tabTitle: String? { "First steps" }

    struct Step {
        let isDone: Bool
        let title: String
        /// The instructions, line by line. A command has a line of its own.
        let texts: [Text]
    }

    enum Text {
        case prose(String)
        /// A command to copy. It is never broken between words.
        case command(String)

        var isCommand: Bool {
            if case .command = self { true } else { false }
        }
    }

    static func steps(_ session: Session) -> [Step] {
        let address = session.url
        let press = { (command: Command) in
            let words = session.bindings.asking(for: command)
            return words.prefix(1).uppercased() + words.dropFirst()
        }
        return [
            Step(
                isDone: address != nil,
                title: address.map { "b2watch listens at \($0)" }
                    ?? (session.absence == nil ? "b2watch is about to listen" : "A listener has to run"), texts: []),
            Step(
                isDone: session.firstSteps.known.isReachable,
                title: "Give it a public HTTPS address, because B2 posts to no other",
                texts: [
                    .command("cloudflared tunnel --url \(tunnelTarget(address))"),
                    .prose("or a reverse proxy of your own."),
                ]),
            Step(
                isDone: session.firstSteps.known.isCalledByB2, title: "Paste that address in Backblaze's console",
                texts: [
                    .prose("Buckets, the bucket, Event Notifications, Add rule: it is the Target URL. Then Test Rule.")
                ]),
            Step(
                isDone: !session.keyring.isEmpty, title: "\(press(.showKeyring)) and paste the rule's signing secret",
                texts: [.prose("Until then, deliveries are unverified.")]),
            Step(
                isDone: session.hasTested,
                title: "\(press(.sendTest)): it sends a signed test event through all of this",
                texts: []),
        ]
    }

    /// Returns the address without a path, as a tunnel on this computer reaches it.
    private static func tunnelTarget(_ url: String?) -> String {
        guard let url else { return "http://127.0.0.1:8080" }
        let parts = url.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count >= 2 else { return url }
        let host = parts[1]
            .replacing(/^(0\.0\.0\.0|\[::\])(?=:|$)/, with: "127.0.0.1")
        return "\(parts[0])//\(host)"
    }

    func draw(_ model: DashboardModel, on surface: inout Surface) -> Point? {
        let session = model.session
        let width = min(76, surface.size.columns - 3)
        let title: SafeText = session.isEmpty ? "Nothing has arrived yet." : "First steps"
        let steps = Self.steps(session)
        let layouts = Density.allCases.lazy.map { Self.compose(steps, title: title, width, $0) }
        let lines = layouts.first { $0.count <= surface.size.rows } ?? Self.compose(steps, title: title, width, .bare)
        for (row, line) in lines.prefix(surface.size.rows).enumerated() {
            surface.put(
                line, at: Point(column: ListRow.margin, row: row), columns: surface.size.columns - ListRow.margin)
        }
        return nil
    }

    /// The layouts, from the roomiest to the smallest.
    private enum Density: CaseIterable {
        case airy
        /// Without empty lines, and without instructions for steps that are done.
        case tight
        /// With the instructions of the next step only.
        case terse
        /// With the command of the next step only.
        case terser
        /// With the titles only.
        case bare
    }

    private static func compose(_ steps: [Step], title: SafeText, _ width: Int, _ layout: Density) -> [StyledLine] {
        var lines = layout == .airy ? [StyledLine(title, Style(.heading)), StyledLine()] : []
        let next = steps.firstIndex { !$0.isDone }
        for (number, step) in steps.enumerated() {
            let style = Style(step.isDone ? .secondary : .plain)
            let isWrapped = layout == .airy || layout == .tight
            let titles =
                isWrapped
                ? Prose.lines(step.title, columns: width - 3) : [SafeText(step.title).clipped(to: width - 3)]
            for (index, text) in titles.enumerated() {
                let mark: SafeText = index > 0 ? " " : step.isDone ? "✓" : "\(number + 1)"
                lines.append(
                    StyledLine(mark, Style(step.isDone ? .good : .accent)) + StyledLine("  " + text, style))
            }
            let texts: [Text] =
                switch layout {
                case .airy: step.texts
                case .tight: step.isDone ? [] : step.texts
                case .terse: number == next ? step.texts : []
                case .terser: number == next ? step.texts.filter(\.isCommand) : []
                case .bare: []
                }
            lines += texts.flatMap { compose($0, width: width) }
            if layout == .airy { lines.append(StyledLine()) }
        }
        if lines.last?.spans.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func compose(_ text: Text, width: Int) -> [StyledLine] {
        switch text {
        case .prose(let prose):
            Prose.lines(prose, columns: width - 3).map { StyledLine("   " + $0, Style(.secondary)) }
        case .command(let command):
            SafeText(command).wrapped(to: width - 3).map { StyledLine("   " + $0, Style(.plain, bold: true)) }
        }
    }
}

// MARK: - Reading

extension DashboardModel {
    /// Searches a range of deliveries for the signs that a first step is done.
    mutating func askForFirstSteps(after id: Int64, through last: Int64) {
        ask("first steps", on: .rows) { outside, _ in
            try outside.firstSteps(after: id)
        } then: { model, result in
            model.session.firstSteps.finish(result, through: last)
        }
    }
}

/// The first steps that are known to be done, and the last delivery that was searched for them.
struct FirstStepsReading {
    private(set) var known = FirstSteps()
    private var lookedThrough: Int64 = 0
    private var isOutstanding = false

    /// Returns the delivery after which to search now; nil if nothing is new or all is known.
    mutating func request(latest: Int64) -> Int64? {
        guard !known.areDone, !isOutstanding, latest > lookedThrough else { return nil }
        isOutstanding = true
        return lookedThrough
    }

    /// Applies the result of a search. A failed search is not repeated before a new delivery arrives.
    mutating func finish(_ result: Result<FirstSteps, EffectFailure>, through last: Int64) {
        isOutstanding = false
        lookedThrough = max(lookedThrough, last)
        guard case .success(let found) = result else { return }
        known.isReachable = known.isReachable || found.isReachable
        known.isCalledByB2 = known.isCalledByB2 || found.isCalledByB2
    }
}

// MARK: - Commands

extension BindingContext {
    static let checklist: BindingContext = .init(
        "checklist", title: "The checklist", with: [.views, .everywhere],
        about: "The steps to the first event from B2", symbols: { _ in [HelpBrief.Symbol("✓", Style(.good), "done")] })
}

extension Command {
    static let showChecklist = Command(
        "show-checklist", "c", in: .views, "the first steps", footer: .wide("checklist"),
        plain: .line(
            PlainWord("steps", "the first steps, from an address to a test event") { plain, _ in
                plain.tellSteps()
            }), unavailable: { $0.place.nearest == .checklist ? "The first steps are here." : nil },
        run: { model in
            model.help = nil
            model.keyring = nil
            model[Checklist.self] = Checklist()
        })

    /// The command of the first steps.
    static let ofChecklist = [showChecklist]
}
