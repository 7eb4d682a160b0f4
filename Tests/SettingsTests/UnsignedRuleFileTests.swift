import Notifications
import TestSupport
import Testing

@testable import Settings

@Suite struct UnsignedRuleFileTests {
    private func load(_ text: String) throws -> UnsignedRule {
        let folder = try TemporaryFolder()
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
        "", "path", "header X-Token", "path /short", "/hook/0123456789abcdef", "path /0123456789abcdef0\npath /x",
    ])
    func refusesWhatIsNone(_ text: String) {
        #expect(throws: SecretSourceError.self) { try load(text) }
    }

    @Test func readsTheArgument() {
        #expect(UnsignedRuleFile(argument: "a=b=c")?.path == "b=c")
        for text in ["", "a", "=b", "a="] { #expect(UnsignedRuleFile(argument: text) == nil) }
    }
}
