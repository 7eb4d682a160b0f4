public import Notifications

/// The events of many sample notifications. Where several values are given, each takes its turn; where none is, it is
/// the usual one, or a random one in a mixed series.
public struct SampleSeries: Sendable {
    /// Types of events.
    public var types: [EventType] = []
    /// Names of objects; `{n}` in one stands for the number of the event, from 1.
    public var names: [String] = []
    /// Sizes of objects in bytes; one of a range is random.
    public var sizes: [ClosedRange<Int64>] = []
    /// Names of buckets. All events of a notification are of the same bucket and rule.
    public var buckets: [String] = []
    /// Names of rules.
    public var rules: [String] = []
    /// Events in a notification: B2 sends 1 to 50.
    public var batch = 1
    /// Whether what is not given is random instead of the same for each event.
    public var isMixed = false

    /// A series of the usual sample.
    public init() {}

    /// Returns what the events of a notification are about.
    ///
    /// - Parameter number: The notification's number, from 0.
    public func orders(of number: Int, using generator: inout some RandomNumberGenerator) -> [SampleOrder] {
        let bucket = buckets.turn(number) ?? (isMixed ? Self.buckets.randomElement(using: &generator) : nil)
        let rule = rules.turn(number) ?? (isMixed ? Self.rules.randomElement(using: &generator) : nil)
        return (0..<max(1, batch)).map { position in
            let index = number * max(1, batch) + position
            var order = SampleOrder()
            if let bucket { order.bucketName = bucket }
            if let rule { order.ruleName = rule }
            if let type = types.turn(index) ?? (isMixed ? Self.type(using: &generator) : nil) { order.type = type }
            if let name = names.turn(index) {
                order.objectName = name.replacing("{n}", with: String(index + 1))
            } else if isMixed {
                order.objectName = Self.name(using: &generator)
            }
            if let range = sizes.turn(index) {
                order.objectSize = Int64.random(in: range, using: &generator)
            } else if isMixed {
                // As many of each order of magnitude, up to 1 GiB.
                order.objectSize = Int64.random(
                    in: 0..<(1 << Int64.random(in: 0...30, using: &generator)), using: &generator)
            }
            return order
        }
    }

    // MARK: - Random values

    private static let buckets = ["photos", "backups", "website-assets"]
    private static let rules = ["allEvents", "uploadsOnly", "retention"]
    private static let folders = ["photos/2026", "photos/archive", "backups/db", "backups/www", "logs/app", "site/img"]
    private static let words = ["cat", "harbour", "invoice", "report", "dump", "index", "münchen", "überblick", "東京"]
    private static let endings = ["jpg", "png", "pdf", "sql.gz", "log", "mp4", "html", "zip"]

    /// Returns a type: most are uploads, as in a bucket that is used.
    private static func type(using generator: inout some RandomNumberGenerator) -> EventType {
        if Int.random(in: 0..<10, using: &generator) < 6 { return EventType("b2:ObjectCreated:Upload") }
        let types = SampleType.words.map(\.type).filter { $0.name != "b2:TestEvent" }
        return types.randomElement(using: &generator) ?? EventType("b2:ObjectCreated:Upload")
    }

    private static func name(using generator: inout some RandomNumberGenerator) -> String {
        let folder = folders.randomElement(using: &generator) ?? "photos"
        let word = words.randomElement(using: &generator) ?? "cat"
        let ending = endings.randomElement(using: &generator) ?? "jpg"
        return "\(folder)/\(word)-\(Int.random(in: 1...9_999, using: &generator)).\(ending)"
    }
}

extension Array {
    /// Returns the element whose turn it is; nil if there is none.
    fileprivate func turn(_ index: Int) -> Element? {
        isEmpty ? nil : self[index % count]
    }
}
