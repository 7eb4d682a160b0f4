import Foundation
import TestSupport

@testable import Receiving

/// A folder with a history, next to which a listener creates its control socket.
struct Place {
    let folder = TemporaryFolder()
    var history: String
    var socket: String { ControlPlace.socket(beside: history) }

    init(_ name: String = "history.sqlite") throws {
        history = folder.file(name)
    }

    /// A listener that echoes, fails, and sends events to subscribers.
    func serve(_ limits: ControlLimits = ControlLimits()) throws -> ControlServer {
        var answers = ControlAnswers()
        answers.add([Echo.self, Fail.self, Subscribe.self], by: Answerer())
        return try ControlServer(
            beside: history, version: "1.2.3", answers: answers, subscription: Subscribe.self, limits: limits)
    }

    func attach(
        told: @escaping @Sendable (String) -> Void = { _ in },
        ended: @escaping @Sendable (ControlFailure) -> Void = { _ in }
    ) throws(ControlFailure) -> ControlClient {
        try ControlClient(beside: history, version: "1.2.3", owner: geteuid(), told: told, ended: ended)
    }

    /// A connection that sends any bytes.
    func call() throws -> UnixSocket {
        let caller = try UnixSocket()
        caller.limit(reading: .patience, writing: .seconds(20))
        guard try UnixAddress.with(socket, toConnect: true, { connect(caller.descriptor, $0, $1) == 0 }) else {
            throw SystemProblem()
        }
        return caller
    }
}

/// The handler of these tests' requests.
struct Answerer: Sendable {}

struct Echo: ListenerRequest {
    static let name = "echo"
    var text: String

    func answer(_ answerer: Answerer) -> String { text }
}

struct Fail: ListenerRequest {
    static let name = "fail"

    func answer(_ answerer: Answerer) throws -> ControlDone {
        throw Sentence(description: "It cannot be done: press s.")
    }
}

struct Subscribe: ListenerRequest {
    static let name = "subscribe"

    func answer(_ answerer: Answerer) -> ControlDone { ControlDone() }
}

/// A request that no listener here knows.
struct Fly: ListenerRequest {
    static let name = "fly"

    func answer(_ answerer: Answerer) -> ControlDone { ControlDone() }
}

/// Called `echo`, and not what that is.
struct BadEcho: ListenerRequest {
    static let name = "echo"
    var text: [Int]

    func answer(_ answerer: Answerer) -> String { "" }
}

struct Sentence: Error, CustomStringConvertible {
    let description: String
}

extension UnixSocket {
    func say(_ text: String) throws { try write(Array(text.utf8)) }

    /// Returns everything received until the other end hangs up.
    func rest() throws -> String {
        var bytes: [UInt8] = []
        while case let more = try read(), !more.isEmpty { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Values from other threads, for a test to wait for.
final class Told<Value: Sendable>: Sendable {
    private let values = Watched<[Value]>([])

    func tell(_ value: Value) { values.change { $0.append(value) } }

    var count: Int { values.now.count }

    /// Waits for this number of values, and returns them.
    func first(_ count: Int) throws -> [Value] {
        try values.require("\(count) values") { $0.count < count ? nil : Array($0.prefix(count)) }
    }
}
