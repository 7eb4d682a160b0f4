import TestSupport

/// What other threads have told, for a test to wait for.
final class Told<Value: Sendable>: Sendable {
    private let values = Watched<[Value]>([])

    func tell(_ value: Value) { values.change { $0.append(value) } }

    var count: Int { values.now.count }

    /// The first so many values.
    func first(_ count: Int) throws -> [Value] {
        try values.require("\(count) values") { $0.count < count ? nil : Array($0.prefix(count)) }
    }
}
