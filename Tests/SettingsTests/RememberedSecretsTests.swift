import Foundation
import Notifications
import Settings
import TestSupport
import Testing

@Suite struct RememberedSecretsTests {
    private let folder: TemporaryFolder
    private let file: RememberedSecrets

    init() throws {
        folder = try TemporaryFolder()
        file = RememberedSecrets(path: folder.file("b2watch/secrets"))
    }

    private func load(_ text: String) throws -> [LoadedSecret] {
        try RememberedSecrets(path: try folder.write("written", text)).load()
    }

    @Test func aMissingFileHoldsNothing() throws {
        #expect(try file.load().isEmpty)
        #expect(try RememberedSecrets(path: folder.file("no/folder/secrets")).load().isEmpty)
    }

    @Test func whatIsSavedIsLoaded() throws {
        let secrets = [
            SigningSecret.sample("one"), .sample("two", "with  spaces and = # signs", binding: .bucket("b:c")),
            .sample("three", "schlüssel", binding: .rule("allUploads")), .sample("four", "#hash"),
        ]
        try file.save(secrets)
        let loaded = try file.load()
        #expect(loaded.map(\.secret.label) == ["one", "two", "three", "four"])
        #expect(loaded.map(\.secret.binding) == secrets.map(\.binding))
        for (one, other) in zip(loaded, secrets) { #expect(one.secret.hasSameValue(as: other)) }
        #expect(loaded.allSatisfy { $0.source == .remembered(file.path) })
        try file.save([])
        #expect(try file.load().isEmpty)
    }

    @Test func onlyItsUserCanReadIt() throws {
        try file.save([.sample()])
        #expect(try TemporaryFolder.mode(of: file.path) == 0o600)
        #expect(try TemporaryFolder.mode(of: folder.file("b2watch")) == 0o700)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        let notes = try file.load().flatMap(\.notes)
        #expect(notes.contains { $0.contains("chmod 600") })
        try file.save([.sample()])
        #expect(try TemporaryFolder.mode(of: file.path) == 0o600)
        #expect(try file.load().flatMap(\.notes).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("b2watch")) == ["secrets"])
    }

    @Test(
        arguments: [
            "# a comment\none any secret\n\n#two any other\n",
            "# a comment\r\none any secret\r\n\r\n#two any other\r\n",
            "one any secret", "  one   any   secret  \n", "one any secret\n# \u{e9}\n",
        ])
    func commentsAndEmptyLinesAreSkipped(text: String) throws {
        let loaded = try load(text)
        #expect(loaded.map(\.secret.label) == ["one"])
        #expect(loaded.allSatisfy { $0.secret.hasSameValue(as: .sample("any", "secret")) })
    }

    @Test(
        arguments: [
            ("one any", 1), ("one", 1), ("# c\n\none any s\ntwo\n", 4), ("# c\r\none any s\r\ntwo\r\n", 3),
            ("one buckets:b secret", 1), ("one bucket: secret", 1), ("one two any secret", 1), ("é any secret", 1),
            ("one\tany\tsecret", 1), (" ", 1),
        ])
    func theLineThatIsWrongIsNamed(text: String, line: Int) throws {
        let error = #expect(throws: SecretSourceError.self) { try load(text) }
        #expect(error?.problem.contains("in line \(line):") == true, "\(error?.problem ?? "")")
        #expect(error?.description.contains("written") == true)
    }

    @Test func whatCannotBeReadIsRefused() throws {
        let latin1 = try folder.write("latin1", [0x66, 0xFC])
        #expect(throws: SecretSourceError.self) { try RememberedSecrets(path: latin1).load() }
        #expect(throws: SecretSourceError.self) { try RememberedSecrets(path: folder.path).load() }
    }

    @Test(
        arguments: [
            SigningSecret.sample("one", "two\nlines"), .sample("one", "two\r\nlines"),
            .sample("one", "separated\u{2028}lines"), .sample("one", binding: .rule("all uploads")),
        ])
    func whatDoesNotFitOnALineIsRefusedAndTheFileStays(secret: SigningSecret) throws {
        try file.save([.sample("kept")])
        let error = #expect(throws: SecretSourceError.self) { try file.save([.sample("first"), secret]) }
        #expect(error?.problem.contains("“one”") == true)
        #expect(error?.problem.contains("lines") == false)
        #expect(try file.load().map(\.secret.label) == ["kept"])
    }

    @Test func whereItCannotBeWrittenTheErrorSaysSo() throws {
        let blocked = RememberedSecrets(path: try folder.write("file", "x") + "/secrets")
        let error = #expect(throws: SecretSourceError.self) { try blocked.save([.sample()]) }
        #expect(error?.problem == "its folder cannot be made")
    }
}
