import Foundation

/// Limits how many requests that are not valid each address may add to the record, so that a flood from one of them
/// neither pushes everything else out nor keeps the disk busy.
///
/// An address has a store of requests that fills up again by time. An IPv6 address counts by its first 64 bits, which
/// one customer has. The table is bounded: further addresses share one store.
struct AddressRates: Sendable {
    /// The rate of one address.
    struct Rate: Sendable, Hashable {
        /// The requests in a store that is full.
        var burst: Double = 10_000
        /// The requests that are added in a second.
        var perSecond: Double = 100
    }

    /// An address, as far as it counts.
    enum Network: Hashable, Sendable {
        case v4(UInt32)
        case v6(UInt64)
        case other

        init(_ text: String) {
            var (v4, v6) = (in_addr(), in6_addr())
            if inet_pton(AF_INET, text, &v4) == 1 {
                self = .v4(v4.s_addr)
            } else if inet_pton(AF_INET6, text, &v6) == 1 {
                self = withUnsafeBytes(of: &v6) { bytes in
                    // An IPv4 address that is mapped into IPv6.
                    bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
                        ? .v4(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
                        : .v6(bytes.loadUnaligned(as: UInt64.self))
                }
            } else {
                self = .other
            }
        }
    }

    private struct Store {
        var requests: Double
        var filled: ContinuousClock.Instant
    }

    let rate: Rate
    private let capacity: Int
    private var stores: [Network: Store] = [:]
    private var swept: ContinuousClock.Instant?

    /// - Parameter capacity: The number of addresses that are told apart.
    init(_ rate: Rate = Rate(), capacity: Int = 4_096) {
        self.rate = rate
        self.capacity = capacity
    }

    /// The number of addresses in the table.
    var count: Int { stores.count }

    /// Takes a request from the store of an address.
    ///
    /// - Returns: False if the store is empty.
    mutating func allows(_ address: String, at now: ContinuousClock.Instant) -> Bool {
        var network = Network(address)
        if stores[network] == nil, stores.count >= capacity {
            sweep(now)
            if stores.count >= capacity { network = .other }
        }
        var store = filled(stores[network] ?? Store(requests: rate.burst, filled: now), now)
        defer { stores[network] = store }
        guard store.requests >= 1 else { return false }
        store.requests -= 1
        return true
    }

    /// Forgets the addresses whose stores are full again; once a second at most.
    private mutating func sweep(_ now: ContinuousClock.Instant) {
        if let swept, now - swept < .seconds(1) { return }
        swept = now
        stores = stores.filter { filled($0.value, now).requests < rate.burst }
    }

    private func filled(_ store: Store, _ now: ContinuousClock.Instant) -> Store {
        let time = max(0, (now - store.filled) / .seconds(1))
        return Store(requests: min(rate.burst, store.requests + time * rate.perSecond), filled: now)
    }
}
