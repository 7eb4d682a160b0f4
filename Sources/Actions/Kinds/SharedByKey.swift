internal import Synchronization

/// Hands out one object for each key, for as long as anybody holds it.
final class SharedByKey<Value: AnyObject & Sendable>: Sendable {
    private struct Weak: Sendable {
        weak let value: Value?
    }

    private let held = Mutex<[String: Weak]>([:])

    func value(_ key: String, make: () -> Value) -> Value {
        held.withLock { held in
            if let value = held[key]?.value { return value }
            let value = make()
            held = held.filter { $0.value.value != nil }
            held[key] = Weak(value: value)
            return value
        }
    }
}
