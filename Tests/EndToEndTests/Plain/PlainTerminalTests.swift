import Foundation
import Harness
import TestSupport
import Testing

@Suite("By lines, in a terminal", .blocking)
struct PlainTerminalTests {
    @Test("prompts, tells what arrives on lines of its own, hides a secret, asks, and gives the terminal back")
    func typed() throws {
        let home = try Home()
        let session = try TerminalSession(in: home, columns: 120, rows: 40)
        try session.run(
            "TERM=dumb \(Program.path) --plain --listen 127.0.0.1:0; stty -a | grep -o ' echo '; echo over $?")
        let screen = try session.see("Listening on http://", "Nothing has arrived yet")
        #expect(try !session.isAlternate)
        let url = try #require(screen.split(separator: "\n").first { $0.contains("Listening on") })
        let port = try #require(url.split(separator: ":").last.flatMap { UInt16($0.filter(\.isNumber)) })

        try session.type("sta")
        let client = try RawClient(host: "127.0.0.1", port: port)
        #expect(try client.answer(to: .event("one", object: "dog.jpg", signedWith: Secrets.held)).status == 200)
        try session.see("> sta\n", "unverified Created:Upload dog.jpg")
        try session.run("tus")
        try session.see("1 event recorded, in 1 delivery: 1 unverified.")

        try session.run("secret add prod")
        try session.see("secret>")
        try session.run(Secrets.value)
        #expect(
            try !session.see("The secret prod is current now.", "1 delivery verified again: 1 valid").contains(
                Secrets.value))
        try session.run("quit")
        try session.see("Stop receiving? The secret prod is in memory only.", "Type save, quit or stay.")
        try session.run("no")
        try session.see("Nothing was done.")
        try session.press("C-d")
        try session.see("the question again") { $0.components(separatedBy: "Stop receiving?").count == 3 }
        try session.run("quit")
        try session.see(" echo ", "over 0")
    }

    @Test("gives the terminal back when it ends while a secret is asked for")
    func interrupted() throws {
        let session = try TerminalSession(in: try Home(), columns: 120, rows: 40)
        try session.run("\(Program.path) --plain --listen 127.0.0.1:0; stty -a | grep -o ' echo '; echo over $?")
        try session.see("Listening on http://")
        try session.run("secret add prod")
        try session.see("secret>")
        try session.press("C-c")
        try session.see("No secret was taken.")
        try session.run("secret add prod")
        try session.see("the prompt again") { $0.components(separatedBy: "secret>").count == 3 }
        try session.press("C-d")
        try session.see(" echo ", "over 0")
    }
}
