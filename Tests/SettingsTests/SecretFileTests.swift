import Foundation
import Notifications
import Settings
import Testing
import TestSupport

@Suite struct SecretFileTests {
    private static let value = "b2DashTestSecret0123456789abcdEF"
    private let folder = TemporaryFolder()

    @Test(
        arguments: [
            ("/run/secret", nil, .any, "/run/secret"), ("secret", nil, .any, "secret"),
            ("prod=/run/secret", "prod", .any, "/run/secret"), ("prod=a=b=c", "prod", .any, "a=b=c"),
            ("prod=", "prod", .any, ""), ("prod@any=f", "prod", .any, "f"),
            ("prod@bucket:photos=f", "prod", .bucket("photos"), "f"),
            ("prod@rule:all uploads=f", "prod", .rule("all uploads"), "f"),
            ("prod@bucket:photos=/a=b@c", "prod", .bucket("photos"), "/a=b@c"),
            ("a.b-c_9=f", "a.b-c_9", .any, "f"),
            // The part before the first = is not a label, so the whole text is a path.
            ("/run/a=b", nil, .any, "/run/a=b"), ("./a=b", nil, .any, "./a=b"), ("=f", nil, .any, "=f"),
            ("with space=f", nil, .any, "with space=f"), ("é=f", nil, .any, "é=f"),
            ("./prod@photos=f", nil, .any, "./prod@photos=f"),
            ("@bucket:b=f", nil, .any, "@bucket:b=f"), ("a@b", nil, .any, "a@b"),
        ] as [(String, String?, SecretBinding, String)])
    func readsAnArgument(argument: String, label: String?, binding: SecretBinding, path: String) throws {
        #expect(try SecretFile(argument: argument) == SecretFile(label: label, binding: binding, path: path))
    }

    @Test(
        arguments: [
            ("prod@photos=sec", "photos"), ("prod@buket:x=sec", "buket:x"), ("prod@bucket:=sec", "bucket:"),
            ("prod@=sec", ""),
        ])
    func whatStandsForABindingAndIsNoneIsRefused(argument: String, binding: String) {
        let error = #expect(throws: SecretSourceError.self) { try SecretFile(argument: argument) }
        #expect(error?.description.contains("“\(binding)”") == true)
        #expect(error?.description.contains("LABEL@bucket:NAME=FILE") == true)
        // It could be the secret itself.
        #expect(error?.description.contains("sec\"") == false && error?.description.contains("=sec") == false)
    }

    @Test(arguments: ["", "prod=", "prod@bucket:b="])
    func aSecretInTheFilesPlaceIsNotRepeated(head: String) throws {
        let file = try SecretFile(argument: head + Self.value)
        let error = #expect(throws: SecretSourceError.self) { try file.load() }
        #expect(error?.description.contains("looks like a signing secret itself") == true)
        #expect(error?.description.contains(Self.value.prefix(5)) == false)
    }

    @Test func aFileThatIsNamedLikeASecretIsRead() throws {
        let path = try folder.write(Self.value, "value")
        #expect(try SecretFile(path: path).load().secret.hasSameValue(as: .sample("any", "value")))
    }

    @Test func aLabelHas40CharactersAtMost() throws {
        let longest = String(repeating: "a", count: 40)
        #expect(try SecretFile(argument: "\(longest)=f").label == longest)
        #expect(try SecretFile(argument: "\(longest)a=f").label == nil)
    }

    @Test(
        arguments: [
            ("prod.txt", "prod"), ("prod", "prod"), (".prod", "prod"), ("prod.v2.key", "prod"),
            ("my secret", "mysecret"),
            ("é", "secret"), (String(repeating: "x", count: 60), String(repeating: "x", count: 40)),
        ])
    func withoutALabelTheFilesNameIsOne(name: String, label: String) throws {
        let path = try folder.write(name, Self.value)
        #expect(try SecretFile(path: path).load().secret.label == label)
    }

    @Test func loadsTheSecretWithItsLabelAndBinding() throws {
        let path = try folder.write("secret", Self.value + "\n")
        let loaded = try SecretFile(label: "prod", binding: .bucket("b"), path: path).load()
        #expect(loaded.secret.label == "prod")
        #expect(loaded.secret.binding == .bucket("b"))
        #expect(loaded.secret.hasSameValue(as: .sample()))
        #expect(loaded.source == .file(path))
        #expect(loaded.notes.isEmpty)
    }

    @Test(
        arguments: [
            ("", "is empty"), ("\n", "is empty"), (" \t\r\n", "is empty"), ("\u{A0}\u{3000}", "is empty"),
        ])
    func anEmptyFileIsRefused(text: String, problem: String) throws {
        let path = try folder.write("secret", text)
        #expect(throws: SecretSourceError.self) { try SecretFile(path: path).load() }
        let error = #expect(throws: SecretSourceError.self) { try SecretFile(path: path).load() }
        #expect(error?.problem == problem)
        #expect(error?.description == "the secret file \(path) is empty")
    }

    @Test func whatCannotBeReadIsRefusedWithTheReason() throws {
        let latin1 = try folder.write("latin1", [0x66, 0xFC, 0x72])
        let large = try folder.write("large", String(repeating: "a", count: 65_537))
        let cases = [
            (folder.file("none"), "is missing"), (latin1 + "/below", "is missing"), (latin1, "is not UTF-8 text"),
            (large, "is larger than 64 KiB"), ("/dev/zero", "is larger than 64 KiB"),
            (folder.path, "cannot be read or written (Is a directory)"), ("", "is missing"),
        ]
        for (path, problem) in cases {
            let error = #expect(throws: SecretSourceError.self) { try SecretFile(path: path).load() }
            #expect(error?.problem == problem, "\(path)")
            #expect(error?.source == .file(path))
        }
        let largest = try folder.write("largest", String(repeating: "a", count: 65_536))
        #expect(throws: Never.self) { try SecretFile(path: largest).load() }
    }

    /// The superuser may read every file, so the test uses one that nobody can read: a link to itself.
    @Test func aFileThatMayNotBeReadIsRefused() throws {
        let isSuperuser = geteuid() == 0
        let path = isSuperuser ? folder.file("loop") : try folder.write("secret", Self.value, mode: 0o000)
        if isSuperuser { try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path) }
        let error = #expect(throws: SecretSourceError.self) { try SecretFile(path: path).load() }
        let reason = isSuperuser ? "Too many levels of symbolic links" : "Permission denied"
        #expect(error?.problem == "cannot be read or written (\(reason))")
    }

    @Test func aPipeIsReadAsAFile() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data(Self.value.utf8))
        try pipe.fileHandleForWriting.close()
        let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
        let loaded = try SecretFile(label: "pipe", path: path).load()
        #expect(loaded.secret.hasSameValue(as: .sample()))
        #expect(loaded.notes.isEmpty)
    }

    @Test(
        arguments: [
            (value, 0o600, 0), (value + "\n", 0o400, 0), (value + "\r\n", 0o600, 1), (" " + value, 0o600, 1),
            (value + "\n\n", 0o600, 1), (value, 0o644, 1), (value, 0o640, 1), ("short", 0o600, 1),
            (" short \n", 0o604, 3),
        ])
    func notesWhatAPersonShouldKnow(text: String, mode: Int, notes: Int) throws {
        let path = try folder.write("secret", text, mode: mode)
        let loaded = try SecretFile(path: path).load()
        #expect(loaded.notes.count == notes, "\(loaded.notes)")
        #expect(loaded.notes.allSatisfy { $0.contains(path) && !$0.contains(text.prefix(5)) })
        #expect(loaded.notes.contains { $0.contains("chmod 600") } == (mode & 0o077 != 0))
        #expect(loaded.notes.contains { $0.contains("not 32 letters and digits") } == text.contains("short"))
    }
}

// MARK: - Remembered secrets

@Suite struct RememberedSecretsTests {
    private let folder = TemporaryFolder()
    private let file: RememberedSecrets

    init() throws {
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
