import Notifications
@testable import Settings
import TestSupport
import Testing

@Suite struct SecretSourcesTests {
    private let folder = TemporaryFolder()

    private func labels(_ sources: SecretSources) throws -> [String] { try sources.load().map(\.secret.label) }

    private func file(_ name: String, _ text: String, label: String? = nil) throws -> SecretFile {
        SecretFile(label: label, path: try folder.write(name, text))
    }

    @Test func withoutSourcesThereAreNoSecrets() throws {
        #expect(try SecretSources().load().isEmpty)
    }

    @Test func whatIsWrongWithANamedFileTellsWhereItIsNamed() throws {
        var missing = SecretFile(path: "/nowhere/secret")
        missing.origin = "/etc/config.yaml:3:5"
        let error = #expect(throws: SecretSourceError.self) { try SecretSources(files: [missing]).load() }
        #expect(error?.description.hasPrefix("/etc/config.yaml:3:5: the secret file /nowhere/secret ") == true)
    }

    @Test func allSourcesAreReadInOrder() throws {
        let credentials = TemporaryFolder()
        _ = try credentials.write("b-cred", "credential two")
        _ = try credentials.write("a-cred", "credential one")
        let remembered = RememberedSecrets(path: folder.file("secrets"))
        try remembered.save([.sample("kept", "remembered one")])
        let sources = SecretSources(
            files: [try file("two", "file two"), try file("one", "file one", label: "first")],
            environment: EnvironmentSecret("from the environment"), credentials: credentials.path,
            remembered: remembered)
        #expect(try labels(sources) == ["two", "first", "environment", "a-cred", "b-cred", "kept"])
        #expect(
            try sources.load().map(\.source.word)
                == ["file", "file", "environment", "credential", "credential", "saved"])
    }

    @Test func otherCredentialsOfTheUnitAreNotSecrets() throws {
        let credentials = TemporaryFolder()
        let usual = "b2DashTestSecret0123456789abcdEF"
        for (name, text) in [
            ("tls.key", "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n"), ("TLS.PEM", "x"),
            ("tls.crt", "x"), ("b2.key", "0052b2a7c40000000000001\nK005aBcDeFgHiJkLmNoPqRsTuVwXyZ0\n"),
            ("google.json", "{}"), ("prod", "any secret"), ("prod.key", "\(usual)\n"),
        ] { _ = try credentials.write(name, text) }
        let sources = SecretSources(credentials: credentials.path)
        #expect(try labels(sources).sorted() == ["prod", "prod.key"])
        withExtendedLifetime(credentials) {}
    }

    @Test func theSameSecretTwiceIsHeldOnceByTheFirst() throws {
        let remembered = RememberedSecrets(path: folder.file("secrets"))
        try remembered.save([.sample("third", "the same"), .sample("fourth", "the same", binding: .bucket("b"))])
        let sources = SecretSources(
            files: [try file("first", "the same\n")], environment: EnvironmentSecret(" the same "),
            remembered: remembered)
        // With another binding it is another secret.
        #expect(try labels(sources) == ["first", "fourth"])
        #expect(try sources.load().first?.source.word == "file")
    }

    @Test(
        "A warning names a file that others can read, wherever it is configured and whichever source has the secret first"
    )
    func openFiles() throws {
        let credentials = TemporaryFolder()
        _ = try credentials.write("cred", "credential", mode: 0o644)
        _ = try credentials.write("same", "the same", mode: 0o640)
        let kept = try folder.write("secrets", "one any first\ntwo any second\nthree any the same\n", mode: 0o604)
        let sources = SecretSources(
            files: [
                SecretFile(path: try folder.write("open", "from a file", mode: 0o644)),
                SecretFile(path: try folder.write("closed", "the same", mode: 0o600)),
            ],
            environment: EnvironmentSecret("the same"), credentials: credentials.path,
            remembered: RememberedSecrets(path: kept))
        let notes: [String] = try sources.load().flatMap { $0.notes }.filter { $0.contains("chmod 600") }
        for place in [
            "the secret file \(folder.file("open"))", "the credential \(credentials.file("cred"))",
            "the credential \(credentials.file("same"))", "the file of saved secrets \(kept)",
        ] {
            #expect(notes.count { $0.hasPrefix("\(place) can be read by other users") } == 1, "\(notes)")
        }
        #expect(notes.count == 4, "\(notes)")
    }

    /// Otherwise the next change would write the file without it.
    @Test func whatIsGivenTwiceIsRememberedStill() throws {
        let remembered = RememberedSecrets(path: folder.file("secrets"))
        try remembered.save([.sample("kept", "the same"), .sample("other", "another"), .sample("last", "of file")])
        let sources = SecretSources(
            files: [try file("prod", "the same"), try file("plain", "not remembered")],
            environment: EnvironmentSecret("another"), remembered: remembered)
        let loaded = try sources.load()
        #expect(loaded.map(\.secret.label) == ["prod", "plain", "environment", "last"])
        #expect(loaded.map(\.isRemembered) == [true, false, true, true])
        #expect(loaded.map(\.source.word) == ["file", "file", "environment", "saved"])
    }

    /// The variable is unset after the start.
    @Test func theEnvironmentsSecretStaysForReloads() throws {
        let sources = SecretSources(environment: EnvironmentSecret(" value\n"))
        for _ in 1...2 {
            let loaded = try #require(try sources.load().first)
            #expect(loaded.secret.hasSameValue(as: .sample("any", "value")))
        }
        var dumped = ""
        dump(sources, to: &dumped)
        #expect(!dumped.contains("value\n") && !dumped.contains("\"value\""))
    }

    @Test func twoWithOneLabelAreRefused() throws {
        let files = [try file("a", "one", label: "prod"), try file("b", "two", label: "prod")]
        let error = #expect(throws: SecretSourceError.self) { try SecretSources(files: files).load() }
        #expect(error?.source == .file(folder.file("b")))
        #expect(error?.problem.contains("“prod”") == true)
    }

    @Test func aLabelMadeOfANameIsNumberedWhereItIsTaken() throws {
        let other = TemporaryFolder()
        let second = SecretFile(path: try other.write("prod", "two"))
        let third = SecretFile(path: try other.write("prod.key", "three"))
        let files = [try file("prod", "one"), second, third, try file("environment", "four")]
        #expect(
            try labels(SecretSources(files: files, environment: EnvironmentSecret("five")))
                == ["prod", "prod-2", "prod-3", "environment", "environment-2"])
    }

    /// A secret with a label that is too long could be saved, but not be read again.
    @Test func aNumberedLabelIsALabelStill() throws {
        let long = String(repeating: "x", count: 40)
        let other = TemporaryFolder()
        let files = [try file(long, "one"), SecretFile(path: try other.write(long, "two"))]
        let loaded = try SecretSources(files: files).load()
        #expect(loaded.map(\.secret.label) == [long, String(repeating: "x", count: 38) + "-2"])
        let remembered = RememberedSecrets(path: folder.file("secrets"))
        try remembered.save(loaded.map(\.secret))
        #expect(try remembered.load().map(\.secret.label) == loaded.map(\.secret.label))
    }

    @Test(arguments: ["", " ", "\n\t"])
    func anEmptyVariableIsRefused(value: String) {
        let error = #expect(throws: SecretSourceError.self) {
            try SecretSources(environment: EnvironmentSecret(value)).load()
        }
        #expect(error?.description == "the environment variable B2WATCH_SIGNING_SECRET is empty")
    }

    @Test func aCredentialsFolderThatIsNotThereIsRefused() throws {
        for path in [folder.file("none"), try folder.write("file", "x")] {
            let error = #expect(throws: SecretSourceError.self) { try SecretSources(credentials: path).load() }
            #expect(error?.source == .credential(path))
        }
        #expect(try SecretSources(credentials: folder.path).load().count == 1)
    }

    @Test func anEmptyCredentialIsRefused() throws {
        let credentials = TemporaryFolder()
        _ = try credentials.write("empty", "\n")
        let error = #expect(throws: SecretSourceError.self) { try SecretSources(credentials: credentials.path).load() }
        #expect(error?.problem == "is empty")
    }

    @Test func aMissingFileStopsTheStart() throws {
        let files = [try file("a", "one"), SecretFile(path: folder.file("none"))]
        #expect(throws: SecretSourceError.self) { try SecretSources(files: files).load() }
    }

    @Test func nothingThatIsLoadedPrintsASecret() throws {
        let sources = SecretSources(files: [try file("a", "Zq7Xw2Vt9Kp4Lm6Nb8Rc1Sd3Fg5Hj0Ty")])
        let loaded = try sources.load()
        var dumped = ""
        dump(loaded, to: &dumped)
        for text in ["\(loaded)", String(reflecting: loaded), dumped] {
            #expect(!text.contains("Zq7X"))
            #expect(!text.contains("j0Ty"))
        }
    }
}
