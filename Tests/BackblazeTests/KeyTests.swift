import GRDB
import TestSupport
import Testing

@testable import Backblaze

@Suite struct KeyTests {
    @Test func takesAKeyFromTheEnvironment() throws {
        let key = try EnvironmentKey(id: " 005a ", secret: "K005b\n").key(.production)
        #expect(key?.id == "005a")
        #expect(key?.authorization == "Basic MDA1YTpLMDA1Yg==")
        #expect(try EnvironmentKey(id: nil, secret: "").key(.production) == nil)
        #expect(FakeAccount.problem { _ = try EnvironmentKey(id: "005a", secret: nil).key(.production) }?.kind == .key)
        #expect(FakeAccount.problem { _ = try EnvironmentKey(id: nil, secret: "x").key(.production) }?.kind == .key)
    }

    @Test func showsNoKey() throws {
        let key = try ApplicationKey(id: "005a", secret: "K005secret", source: .environment, realm: .production)
        var text = "\(key) \(String(reflecting: key))"
        dump(key, to: &text)
        #expect(!text.contains("K005secret"))
        #expect(text.contains("key 005a from the environment"))
    }

    @Test(arguments: ["005a\nK005b\n", "B2_APPLICATION_KEY_ID=005a\nexport B2_APPLICATION_KEY=\"K005b\"\n"])
    func readsAFile(_ text: String) throws {
        let folder = TemporaryFolder()
        let path = try folder.write("key", text)
        let key = try KeyFile.key(path, .production)
        #expect(key.authorization == "Basic MDA1YTpLMDA1Yg==")
        #expect(key.source == .file(path))
        #expect(key.notes == [])
        let open = try folder.write("open", text + "# B2_ENVIRONMENT=x\n", mode: 0o644)
        #expect(try KeyFile.key(open, .production).notes.count == 1)
        #expect(FakeAccount.problem { _ = try KeyFile.key(folder.file("none"), .production) }?.kind == .key)
        let empty = try folder.write("empty", "K005b\n")
        #expect(FakeAccount.problem { _ = try KeyFile.key(empty, .production) }?.kind == .key)
    }

    @Test func readsARealmInAFile() throws {
        let folder = TemporaryFolder()
        let text = "B2_APPLICATION_KEY_ID=a\nB2_APPLICATION_KEY=b\nB2_ENVIRONMENT=https://b2.example\n"
        #expect(try KeyFile.key(folder.write("key", text), .production).realm.url == "https://b2.example")
    }

    @Test func findsTheAccountFile() throws {
        let folder = TemporaryFolder()
        #expect(AccountFile.path(["HOME": folder.path]) == folder.file(".config/b2/account_info"))
        #expect(AccountFile.path(["HOME": folder.path, "XDG_CONFIG_HOME": "/x"]) == "/x/b2/account_info")
        #expect(AccountFile.path(["HOME": folder.path, "B2_ACCOUNT_INFO": "~/y"]) == folder.file("y"))
        #expect(AccountFile.path(["HOME": folder.path], profile: "p") == folder.file(".config/b2/db-p.sqlite"))
        _ = try folder.write(".b2_account_info", "")
        #expect(AccountFile.path(["HOME": folder.path]) == folder.file(".b2_account_info"))
        #expect(AccountFile.path([:]) == nil)
    }

    @Test func readsTheAccountFileAndChangesNothing() throws {
        let folder = TemporaryFolder()
        let path = folder.file("account_info")
        let queue = try DatabaseQueue(path: path)
        try queue.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE account (account_id TEXT NOT NULL, application_key TEXT NOT NULL,
                        account_auth_token TEXT NOT NULL, api_url TEXT NOT NULL, account_id_or_app_key_id TEXT, realm TEXT);
                    INSERT INTO account VALUES ('a', 'K005b', 'stale', 'https://x', '005a', 'production');
                    """)
        }
        try queue.close()
        let key = try AccountFile.key(path)
        #expect(key.authorization == "Basic MDA1YTpLMDA1Yg==")
        #expect(key.realm == .production)
        #expect(FakeAccount.problem { _ = try AccountFile.key(folder.file("none")) }?.kind == .key)
        #expect(FakeAccount.problem { _ = try AccountFile.key(folder.write("text", "no database")) }?.kind == .key)
    }
}
