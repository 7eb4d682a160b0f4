package import Foundation
import Notifications
import Synchronization
import TestSupport

/// The deliveries that a test has sent, and which of them were answered 200. What was is in the record: once, and byte
/// for byte.
package final class Ledger: Sendable {
    private struct State {
        var sent: [String: [UInt8]] = [:]
        var accepted: [String] = []
        var refused: [Int: Int] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// The number of deliveries that were answered 200.
    package var accepted: Int { state.withLock { $0.accepted.count } }

    /// The number of other answers, by status.
    package var refused: [Int: Int] { state.withLock { $0.refused } }

    /// Makes a signed delivery that is noted as sent; each with its own id.
    package func delivery(_ id: String, object: String = "photos/2026/cat.jpg") -> WireRequest {
        let request = WireRequest.event(id, object: object, signedWith: Secrets.held)
        state.withLock { $0.sent[id] = request.body }
        return request
    }

    /// Notes the answer to a delivery.
    package func note(_ id: String, _ status: Int) {
        state.withLock { state in
            if status == 200 { state.accepted.append(id) } else { state.refused[status, default: 0] += 1 }
        }
    }

    /// Sends a delivery and notes its answer.
    @discardableResult
    package func send(_ id: String, object: String = "photos/2026/cat.jpg", on client: RawClient) throws -> Int {
        let status = try client.answer(to: delivery(id, object: object)).status
        note(id, status)
        return status
    }

    /// Returns the deliveries that were answered 200 and are not among these.
    package func missing(from found: Set<String>) -> [String] {
        state.withLock { $0.accepted.filter { !found.contains($0) } }
    }

    /// Returns what is wrong with a record, as `b2watch export` shows it: at most ten deliveries that are missing,
    /// repeated or different.
    package func problems(in home: Home) throws -> [String] {
        let outcome = try Program.run("export", "--format", "jsonl", "--filter", "sig:valid", in: home)
        guard outcome.ending == .exited(0) else { return ["export: \(outcome.error)"] }
        var found: [String: [[UInt8]]] = [:]
        for line in outcome.output.split(separator: "\n") {
            let delivery = try DeliveryLine(line)
            if let id = delivery.events.first?.eventId { found[id, default: []].append(delivery.bytes) }
        }
        let (sent, accepted) = state.withLock { ($0.sent, $0.accepted) }
        var problems: [String] = []
        for id in accepted {
            let there = found[id] ?? []
            if there.count != 1 { problems.append("\(id): there \(there.count) times") }
            if let first = there.first, first != sent[id] { problems.append("\(id): other bytes") }
        }
        for (id, bodies) in found where sent[id] == nil { problems.append("\(id): never sent, \(bodies.count)") }
        return Array(problems.prefix(10))
    }
}

/// The system's figures about a running process.
package struct ProcessFigures {
    package let id: pid_t

    package init(_ id: pid_t) { self.id = id }

    /// The most memory that it has had, in bytes.
    package var peakMemory: Int { kibibytes("VmHWM:") << 10 }

    /// The memory that it has, in bytes.
    package var memory: Int { kibibytes("VmRSS:") << 10 }

    /// The descriptors that it has open.
    package var descriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").count) ?? 0
    }

    private func kibibytes(_ field: String) -> Int {
        let status = (try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(field) }
        return line.flatMap { Int($0.split(whereSeparator: { !$0.isNumber }).last ?? "") } ?? 0
    }
}
