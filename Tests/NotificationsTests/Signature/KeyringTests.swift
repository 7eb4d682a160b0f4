import Notifications
import TestSupport
import Testing

@Suite struct KeyringTests {
    private let one = SigningSecret.sample("one", "first value")
    private let two = SigningSecret.sample("two", "second value")

    @Test func holdsSecretsInOrder() throws {
        var keyring = try Keyring([one])
        try keyring.add(two)
        #expect(keyring.secrets.map(\.label) == ["one", "two"])
        #expect(keyring["two"]?.hasSameValue(as: two) == true)
        #expect(keyring["three"] == nil)
        try keyring.remove("one")
        #expect(keyring.secrets.map(\.label) == ["two"])
        try keyring.remove("two")
        #expect(keyring.isEmpty)
    }

    @Test func aLabelIsUnique() throws {
        #expect(throws: KeyringError.labelTaken("one")) { try Keyring([one, .sample("one", "other")]) }
        var keyring = try Keyring([one, two])
        #expect(throws: KeyringError.labelTaken("one")) { try keyring.add(one) }
        #expect(throws: KeyringError.labelTaken("one")) { try keyring.replace("two", with: one) }
        #expect(throws: KeyringError.notHeld("three")) { try keyring.replace("three", with: one) }
        #expect(throws: KeyringError.notHeld("three")) { try keyring.remove("three") }
        #expect(keyring.secrets.map(\.label) == ["one", "two"])
    }

    @Test func replacesInItsPlace() throws {
        var keyring = try Keyring([one, two])
        try keyring.replace("one", with: .sample("three", "third value"))
        #expect(keyring.secrets.map(\.label) == ["three", "two"])
        try keyring.replace("two", with: two.bound(to: .bucket("b")))
        #expect(keyring["two"]?.binding == .bucket("b"))
    }

    @Test func theIdentityIsThatOfLabelsBindingsValuesAndOrder() throws {
        let identity = try Keyring([one, two]).identity
        #expect(try Keyring([one, two]).identity == identity)
        let others = [
            Keyring(), try Keyring([one]), try Keyring([two, one]), try Keyring([one, two.renamed("three")]),
            try Keyring([one, two.bound(to: .bucket("b"))]), try Keyring([one, .sample("two", "other value")]),
        ]
        #expect(Set(others.map(\.identity)).count == others.count)
        #expect(!others.map(\.identity).contains(identity))
    }

    @Test func theIdentityTellsWherePartsEnd() throws {
        let one = try Keyring([.sample("ab", "c")]).identity
        let other = try Keyring([.sample("a", "bc")]).identity
        #expect(one != other)
    }
}
