import Foundation
import Harness
import Notifications
import Synchronization
import TestSupport

extension Home {
    /// A home with a configuration.
    init(configuration: String) throws {
        try self.init()
        try configure(configuration)
    }

    func run(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(Program.path, arguments, environment: environment)
    }

    /// Waits until a file of this home fulfils a condition, and returns its text.
    func text(of name: String, where condition: (String) -> Bool) throws -> String {
        var text = ""
        do {
            return try wait(for: name) {
                text = (try? String(contentsOfFile: folder.file(name), encoding: .utf8)) ?? ""
                return condition(text) ? text : nil
            }
        } catch is WaitedInVain {
            throw WaitedInVain(for: name, seeing: text)
        }
    }
}

/// A fake Google with one sheet, behind a socket.
final class GoogleStand: Sendable {
    static let spreadsheet = "1AbCdEfGhIjKlMnOpQrStUvWxYz"

    /// The fake is created once its own address is known.
    private final class Late: FakeService {
        let service = Mutex<FakeGoogle?>(nil)

        func reply(to request: FakeRequest) -> FakeReply {
            service.withLock { $0 }?.reply(to: request) ?? .lost
        }
    }

    let google: FakeGoogle
    private let server: FakeServer

    /// Its time passes ten times as fast, so that fifty starts in a minute, each with its own reads, stay within the
    /// limit.
    init() throws {
        let start = Date().timeIntervalSince1970
        let late = Late()
        server = try FakeServer(late)
        google = FakeGoogle(
            [Self.spreadsheet: FakeGoogle.Spreadsheet(sheets: [FakeGoogle.Sheet(id: 7, title: "Events")])],
            tokenURL: server.url("/token")
        ) { Int64((start + (Date().timeIntervalSince1970 - start) * 10) * 1_000) }
        late.service.withLock { $0 = google }
    }

    /// The settings of an action that writes there.
    func settings(keyFile: String) -> String {
        """
            kind: google-sheet
            spreadsheet: \(Self.spreadsheet)
            sheet: Events
            key-file: \(keyFile)
            api: \(server.url(""))

        """
    }

    /// The sheet's rows, the header first.
    var rows: [[FakeGoogle.Cell]] { google.spreadsheet(Self.spreadsheet)?.sheets[0].rows ?? [] }

    /// The object names below the header.
    var names: [String] {
        rows.dropFirst().map { row in if row.count > 2, case .text(let name) = row[2] { name } else { "" } }
    }

    func stop() { server.stop() }
}
