import Notifications
import TestSupport
import Testing

@testable import Settings

@Suite struct UnsignedRuleFileTests {
    private func load(_ text: String) throws -> UnsignedRule {
        let folder = TemporaryFolder()
        let file = try #require(UnsignedRuleFile(argument: "plain=\(folder.write("proof", text))"))
        defer { withExtendedLifetime(folder) {} }
        return try file.load()
    }

    @Test func readsAProof() throws {
        #expect(
            try load("# of the rule\npath /hook/0123456789abcdef\n")
                == UnsignedRule("plain", .path("/hook/0123456789abcdef")))
        #expect(
            try load("header X-Token 0123456789 abcdef\n")
                == UnsignedRule("plain", .header(name: "X-Token", value: "0123456789 abcdef")))
    }

    @Test func readsAddresses() throws {
        let rule = try load("from 192.0.2.0/24  2001:db8::/32\n")
        let list = try AddressList(parsing: "192.0.2.0/24\n2001:db8::/32")
        #expect(rule == UnsignedRule("plain", .addresses(list)))
    }

    @Test(arguments: [
        "from", "from here", "from 127.0.0.1", "from 0.0.0.0/0", "from ::/64", "from 192.0.2.1 ::1",
        "header User-Agent B2/EventNotifications", "header content-type application/json; charset=UTF-8",
        "", "path", "header X-Token", "path /short", "/hook/0123456789abcdef", "path /0123456789abcdef0\npath /x",
    ])
    func refusesWhatIsNone(_ text: String) {
        #expect(throws: SecretSourceError.self) { try load(text) }
    }

    @Test func readsAURLForItsPath() throws {
        #expect(
            try load("path https://hooks.example.com/0123456789abcdef0?x=1\n")
                == UnsignedRule("plain", .path("/0123456789abcdef0")))
        #expect(throws: SecretSourceError.self) { try load("path https://hooks.example.com") }
    }

    @Test func savesRules() throws {
        let folder = TemporaryFolder()
        let file = SavedUnsignedRules(path: folder.file("b2watch/unsigned-rules"))
        #expect(try file.load() == [])
        let rules = [
            try UnsignedRule("one", parsing: "path /0123456789abcdef0"),
            try UnsignedRule("two", parsing: "header X-Token 0123456789 abcdef"),
            try UnsignedRule("three", parsing: "from 192.0.2.0/24 2001:db8::1"),
        ]
        try file.save(rules)
        #expect(try file.load() == rules)
        #expect(try TemporaryFolder.mode(of: file.path) == 0o600)
        #expect(rules.map(\.kind) == ["path", "header X-Token", "2 addresses"])
        #expect(throws: SecretSourceError.self) {
            try file.save([try UnsignedRule("a b", parsing: "path /0123456789abcdef0")])
        }
        _ = try folder.write("b2watch/unsigned-rules", "# named\n\none path /0123456789abcdef0\ntwo path /short\n")
        let error = #expect(throws: SecretSourceError.self) { try file.load() }
        #expect(error?.description.contains("unsigned-rules:4 has too short a proof") == true)
        withExtendedLifetime(folder) {}
    }

    @Test func showsNoProof() throws {
        let rule = try UnsignedRule("plain", parsing: "path /0123456789abcdef0")
        #expect(!"\(rule) \(String(reflecting: rule)) \(rule.kind)".contains("0123"))
    }

    @Test func readsTheArgument() {
        #expect(UnsignedRuleFile(argument: "a=b=c")?.path == "b=c")
        for text in ["", "a", "=b", "a="] { #expect(UnsignedRuleFile(argument: text) == nil) }
    }
}
