import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("Another version", .blocking)
struct VersionTests {
    @Test(
        "and what is no b2watch are told apart",
        arguments: [
            (
                "{\"b2watch\":\"9.9.9\",\"protocol\":99,\"more\":[1]}\n",
                ControlFailure.otherVersion(ControlHello(b2watch: "9.9.9", protocol: 99))
            ),
            ("{\"refusal\":\"32 are attached already\"}\n", .refused("32 are attached already")),
            ("220 smtp ready\r\n", .garbled), ("{}\n", .garbled), ("", .ended),
        ])
    func hello(line: String, failure: ControlFailure) throws {
        let place = try Place()
        let socket = try ListeningSocket(at: place.socket)
        let thread = Thread {
            guard let caller = socket.accept() else { return }
            try? caller.say(line)
            // What it says is read, so that the end does not overtake the line.
            _ = try? caller.read()
        }
        thread.start()
        #expect(throws: failure) { try place.attach() }
        socket.close()
    }

    @Test("is named with what each speaks")
    func sentence() {
        let sentence = "\(ControlFailure.otherVersion(ControlHello(b2watch: "9.9.9", protocol: 99)))"
        #expect(sentence.contains("9.9.9") && sentence.contains("99"))
    }
}
