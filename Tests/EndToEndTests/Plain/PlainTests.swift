import Foundation
import Harness
import Testing
import TestSupport

@Suite("Plain mode over a pipe", .blocking)
struct PlainPipeTests {
    @Test("prints new events, filters, shows, never prints a secret, and ends with its input")
    func whole() throws {
        let home = try Home()
        let program = try RunningProgram(["--plain", "--listen", "127.0.0.1:0"], in: home)
        let line = try program.output.line(with: "Listening on http://")
        let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0.dropLast()) })
        let client = try RawClient(host: "127.0.0.1", port: port)
        #expect(try client.answer(to: .event("one", object: "dog.jpg", signedWith: Secrets.held)).status == 200)
        try program.output.line(with: "unverified Created:Upload dog.jpg")

        program.type("secret add prod", Secrets.value)
        try program.output.line(with: "1 delivery verified again: 1 valid")
        let hostile = "x\\n> quit\\u001b[2J"
        _ = try RawClient(host: "127.0.0.1", port: port).answer(to: .event("two", object: hostile))
        try program.output.line(with: "missing Created:Upload")

        program.type(
            "filter sig:valid", "list", "filter off", "show 1 body", "print body", "deliveries", "pulse", "status")
        program.endInput()
        #expect(program.child.end() == .exited(0))
        let output = try program.output.whole()
        for part in [
            "1 of 2 events are listed: filter sig:valid", "1: ", "Delivery 1, Body, pretty:",
            "\"objectName\": \"dog.jpg\"", "bytes of body:", "answered 200", "By verdict: 1 valid, 1 missing",
            "Secrets: prod.",
        ] {
            #expect(output.contains(part), "\(part)")
        }
        #expect(!output.contains(Secrets.value))
        #expect(!output.contains("\n>"), "there is a prompt only where somebody types, and no name makes one")
        #expect(output.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7f })
        #expect(try program.error.whole() == "")
    }

    @Test("ends by SIGTERM while nobody reads its output")
    func blocked() throws {
        let home = try Home()
        let pipe = PipeEnds()
        let program = try RunningProgram(["--plain", "--listen", "127.0.0.1:0"], in: home, output: pipe.writing)
        close(pipe.writing)
        defer { close(pipe.reading) }
        // It is running once it has printed something; then it prints more than a pipe can store.
        #expect(try pipe.byte() != nil)
        for _ in 0..<200 { program.type("help") }
        program.child.signal(SIGTERM)
        #expect(program.child.end() == .exited(0))
    }

    @Test("fails if its output cannot be written")
    func full() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let program = try RunningProgram(["--plain", "--listen", "127.0.0.1:0"], in: try Home(), output: full)
        #expect(program.child.end() == .exited(1))
        #expect(try program.error.whole().contains("standard output takes no more: No space left on device"))
    }

    @Test("does not stop the listener it is attached to, and reports that the listener has ended")
    func attached() throws {
        let home = try Home()
        let listener = try RunningListener(in: home)
        let first = try RunningProgram(["attach", "--plain"], in: home)
        try first.output.line(with: "Listening on \(listener.url)")
        #expect(try listener.answer(to: .event("one", object: "cat.jpg")).status == 200)
        try first.output.line(with: "unverified Created:Upload cat.jpg")
        first.endInput()
        #expect(first.child.end() == .exited(0))

        let second = try RunningProgram(["attach", "--plain"], in: home)
        second.type("list")
        try second.output.line(with: "1: ")
        try listener.stop()
        try second.output.line(with: "The listener was stopped.")
        second.type("quit")
        #expect(second.child.end() == .exited(0))
    }
}

// MARK: - In a terminal

@Suite("Plain mode in a terminal", .blocking)
struct PlainTerminalTests {
    @Test("prompts, prints events on separate lines, hides a secret, asks, and restores the terminal")
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

    @Test("restores the terminal if it ends while a secret is entered")
    func interrupted() throws {
        let session = try TerminalSession(in: try Home(), columns: 120, rows: 40)
        try session.run("\(Program.path) --plain --listen 127.0.0.1:0; stty -a | grep -o ' echo '; echo over $?")
        try session.see("Listening on http://")
        try session.run("secret add prod")
        try session.see("secret>")
        try session.press("C-c")
        try session.see("No secret was entered.")
        try session.run("secret add prod")
        try session.see("the prompt again") { $0.components(separatedBy: "secret>").count == 3 }
        try session.press("C-d")
        try session.see(" echo ", "over 0")
    }
}

// MARK: - A program over a pipe

/// b2watch with pipes as its streams: the test types, and reads the output.
final class RunningProgram {
    let child: Child
    let output: Output
    let error: Output
    private var input: Int32

    /// - Parameter own: A descriptor for its standard output instead of `output`, to be closed by the caller.
    init(_ arguments: [String], in home: Home, output own: Int32? = nil) throws {
        let (input, output, error) = (PipeEnds(), PipeEnds(), PipeEnds())
        defer { [input.reading, output.writing, error.writing].forEach { close($0) } }
        var environment = home.environment
        environment["TERM"] = nil
        let streams = Child.Streams(
            input: input.reading, output: own ?? output.writing, error: error.writing)
        child = try Child(
            Program.path, arguments, environment: environment, streams: streams)
        self.input = input.writing
        self.output = Output(output.reading)
        self.error = Output(error.reading)
    }

    deinit {
        endInput()
    }

    func type(_ lines: String...) {
        for line in lines {
            let bytes = Array("\(line)\n".utf8)
            _ = bytes.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
        }
    }

    func endInput() {
        if input >= 0 { close(input) }
        input = -1
    }
}
