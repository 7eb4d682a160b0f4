import Harness
import Foundation
import TestSupport
import Testing

@Suite("Started again", .blocking)
struct RestartTests {
    @Test("b2watch goes on with the ids, and knows what it had")
    func ids() throws {
        let home = try Home()
        for first in [1, 3, 5] as [Int64] {
            let listener = try RunningListener(in: home, "--format", "json")
            let client = try listener.connect()
            _ = try client.answer(to: .event("the same"))
            _ = try client.answer(to: .event("the same"))
            let lines = try listener.deliveries(2)
            #expect(lines.map(\.id) == [first, first + 1])
            #expect(lines.map(\.duplicate) == [first > 1, true])
            try listener.stop()
            #expect(
                try listener.output?.whole().split(separator: "\n").count == 2, "what was written before comes again")
        }
    }

    @Test("with a secret, b2watch verifies what came before it, and says so")
    func judgedAgain() throws {
        var home = try Home()
        do {
            let listener = try RunningListener(in: home)
            let client = try listener.connect()
            for (id, secret) in [("a", Secrets.held), ("b", Secrets.held), ("c", Secrets.other)] {
                #expect(try client.answer(to: .event(id, signedWith: secret)).status == 200)
            }
            try listener.stop()
        }
        home.environment["B2WATCH_SIGNING_SECRET"] = Secrets.value
        let listener = try RunningListener(in: home)
        try listener.error.line(with: "3 deliveries verified again: 2 valid, 1 invalid")
        #expect(try listener.error.lines(1).first?.hasPrefix("listening on ") == true)
    }

    @Test("after a kill the history is free again")
    func lock() throws {
        let home = try Home()
        let first = try RunningListener(in: home)
        #expect(try first.answer(to: .event("before")).status == 200)
        try first.stop(SIGKILL, expecting: .signalled(SIGKILL))
        let second = try RunningListener(in: home, "--format", "json")
        #expect(try second.answer(to: .event("before")).status == 200)
        #expect(try second.deliveries(1).map(\.duplicate) == [true])
    }

    @Test("in memory, nothing is left behind")
    func inMemory() throws {
        let home = try Home()
        for _ in 1...2 {
            let listener = try RunningListener(in: home, "--in-memory", "--format", "json")
            #expect(try listener.answer(to: .event("gone")).status == 200)
            #expect(try listener.deliveries(1).map(\.id) == [1])
            #expect(try listener.deliveries(1).map(\.duplicate) == [false])
            try listener.stop()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.folder.path) == [])
    }
}
