import Foundation
import History

/// Limits how many requests that are not valid each address may add to the record, so that a flood from one of them
/// neither pushes everything else out nor keeps the disk busy.
///
/// An address has a store of requests that fills up again by time. Once it is empty the address floods us: the first
/// request of the flood is recorded, and the others are counted until they are slower than the rate. An IPv6 address
/// counts by its first 64 bits, which
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

        /// Returns the name of a flood from here.
        ///
        /// - Parameter address: One of its addresses.
        func name(_ address: String) -> String {
            switch self {
            case .v4: return address
            case .v6(let prefix):
                var bytes = in6_addr()
                withUnsafeMutableBytes(of: &bytes) { $0.storeBytes(of: prefix, as: UInt64.self) }
                var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
                guard inet_ntop(AF_INET6, &bytes, &text, socklen_t(INET6_ADDRSTRLEN)) != nil else { return address }
                return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/64"
            case .other: return "several addresses"
            }
        }
    }

    /// The fate of a request that is not valid.
    enum Fate: Sendable, Hashable {
        case recorded
        /// It is the first of a flood, and recorded as such.
        case first(Network)
        /// It is one of a flood, and only counted.
        case counted
    }

    private struct Store {
        var requests: Double
        var filled: ContinuousClock.Instant
        var flood: OpenFlood?
    }

    /// A flood that goes on.
    private struct OpenFlood {
        var flood: Flood
        /// The delivery that is recorded for it, once it is.
        var delivery: Int64?
        /// The requests that are not written yet.
        var news = 0
    }

    let rate: Rate
    private let capacity: Int
    private var stores: [Network: Store] = [:]
    private var swept: ContinuousClock.Instant?
    /// The counts to write of floods that are over.
    private var over: [Int64: Flood] = [:]
    private var newsOfThoseOver = 0
    /// The addresses with counts to write.
    private var dirty: Set<Network> = []

    /// - Parameter capacity: The number of addresses that are told apart.
    init(_ rate: Rate = Rate(), capacity: Int = 4_096) {
        self.rate = rate
        self.capacity = capacity
    }

    /// The number of addresses in the table.
    var count: Int { stores.count }

    /// Registers a request of an address, and returns what becomes of it.
    mutating func register(_ address: String, at now: ContinuousClock.Instant) -> Fate {
        var network = Network(address)
        if stores[network] == nil, stores.count >= capacity {
            sweep(now)
            if stores.count >= capacity { network = .other }
        }
        var store = filled(stores[network] ?? Store(requests: rate.burst, filled: now), now)
        defer { stores[network] = store }
        // A flood is over when its requests are slower than the rate for a while.
        if let flood = store.flood, store.requests >= max(1, min(rate.burst, rate.perSecond)) {
            end(flood)
            dirty.remove(network)
            store.flood = nil
        }
        let isEmpty = store.requests < 1
        store.requests = max(0, store.requests - 1)
        if store.flood != nil {
            store.flood?.flood.requests += 1
            store.flood?.news += 1
            dirty.insert(network)
            return .counted
        }
        guard isEmpty else { return .recorded }
        store.flood = OpenFlood(flood: Flood(address: network.name(address), requests: 0))
        return .first(network)
    }

    /// Notes the delivery that is recorded for a flood.
    mutating func began(_ network: Network, as delivery: Int64) {
        guard let flood = stores[network]?.flood, flood.delivery == nil else { return }
        stores[network]?.flood?.delivery = delivery
        if flood.flood.requests > 0 { dirty.insert(network) }
    }

    /// Whether there are counts to write.
    var hasNews: Bool { !dirty.isEmpty || newsOfThoseOver > 0 }

    /// Removes and returns the counts to write, and the number of requests since the last ones.
    mutating func news() -> (floods: [Int64: Flood], more: Int) {
        var (floods, more) = (over, newsOfThoseOver)
        (over, newsOfThoseOver) = ([:], 0)
        for network in dirty {
            guard let flood = stores[network]?.flood else { continue }
            if let delivery = flood.delivery { floods[delivery] = flood.flood }
            more += flood.news
            stores[network]?.flood?.news = 0
        }
        dirty = []
        return (floods, more)
    }

    private mutating func end(_ flood: OpenFlood) {
        guard flood.news > 0 else { return }
        newsOfThoseOver += flood.news
        if let delivery = flood.delivery, over.count < capacity { over[delivery] = flood.flood }
    }

    /// Forgets the addresses whose stores are full again; once a second at most.
    private mutating func sweep(_ now: ContinuousClock.Instant) {
        if let swept, now - swept < .seconds(1) { return }
        swept = now
        for (network, store) in stores where filled(store, now).requests >= rate.burst {
            if let flood = store.flood { end(flood) }
            dirty.remove(network)
            stores[network] = nil
        }
    }

    private func filled(_ store: Store, _ now: ContinuousClock.Instant) -> Store {
        let time = max(0, (now - store.filled) / .seconds(1))
        return Store(
            requests: min(rate.burst, store.requests + time * rate.perSecond), filled: now, flood: store.flood)
    }
}
