import Base
import Notifications
import Sending
import Synchronization
import Testing
import TestSupport

@testable import Backblaze

/// A client that calls a fake without a network, and never waits.
struct FakeAccount {
    let b2: FakeB2
    let client: B2Client
    let pauses = Pauses()
    let bucket = Bucket(id: FakeB2.bucketID, name: FakeB2.bucketName)

    final class Pauses: Sendable {
        let all = Mutex<[Duration]>([])
    }

    init(_ shape: FakeB2.Shape = .v4, secret: String = FakeB2.secret) throws {
        b2 = FakeB2(shape)
        let key = try ApplicationKey(
            id: FakeB2.keyID, secret: secret, source: .environment, realm: Realm("http://127.0.0.1:1"))
        client = B2Client(
            key, http: Redirected(b2: b2),
            clock: B2Clock(
                now: { Timestamp(milliseconds: 0) },
                wait: { [pauses] pause in pauses.all.withLock { $0.append(pause) } },
                draw: { 1 }))
        self.b2.becomeLocal()
    }

    /// Passes each request to the fake, whatever its host.
    private struct Redirected: HTTPSending {
        let b2: FakeB2

        func send(_ request: OutgoingRequest, within limit: Duration) throws(OutgoingFailure) -> OutgoingAnswer {
            try InProcessHTTP([request.url.authority: b2]).send(request, within: limit)
        }
    }

    var book: RuleBook { RuleBook(client, bucket) }

    /// Returns the problem with which an operation fails.
    static func problem(_ body: () throws -> Void) -> B2Problem? {
        do {
            try body()
            return nil
        } catch {
            return error as? B2Problem
        }
    }
}

@Suite struct ClientTests {
    @Test(arguments: [FakeB2.Shape.v3, .v4]) func readsBothShapes(_ shape: FakeB2.Shape) throws {
        let account = try FakeAccount(shape)
        let authorization = try account.client.authorize()
        #expect(authorization.accountID == FakeB2.accountID)
        #expect(authorization.capabilities == Set(FakeB2.capabilities))
        #expect(authorization.buckets == nil)
        #expect(try account.client.bucket(named: FakeB2.bucketName) == account.bucket)
    }

    @Test(arguments: [FakeB2.Shape.v3, .v4]) func asksNothingOfAKeyForOneBucket(_ shape: FakeB2.Shape) throws {
        let account = try FakeAccount(shape)
        account.b2.setKey(FakeB2.Key(capabilities: ["readBucketNotifications"], buckets: [FakeB2.bucketID]))
        #expect(try account.client.bucket(named: FakeB2.bucketName) == account.bucket)
        #expect(account.b2.count(of: "b2_list_buckets") == 0)
        let problem = FakeAccount.problem { _ = try account.client.bucket(named: "other") }
        #expect(problem?.kind == .noBucket)
        #expect(problem?.description.contains("is for my-bucket alone") == true)
    }

    @Test func explainsAWrongKey() throws {
        let account = try FakeAccount(secret: "wrong")
        let problem = FakeAccount.problem { try account.client.authorize() }
        #expect(problem?.kind == .key)
        #expect(problem?.description.contains("B2 does not accept key \(FakeB2.keyID) from the environment") == true)
        #expect(problem?.description.contains("wrong") == false)
        #expect(account.b2.requests.count == 1)
    }

    @Test func namesAMissingCapability() throws {
        let account = try FakeAccount()
        account.b2.setKey(FakeB2.Key(capabilities: ["listBuckets", "readBucketNotifications"]))
        let problem = FakeAccount.problem { _ = try account.client.setRules([], of: account.bucket) }
        #expect(problem?.kind == .capability)
        #expect(problem?.description.contains("writeBucketNotifications") == true)
        #expect(account.b2.count(of: "b2_set_bucket_notification_rules") == 0)
    }

    @Test func neverRepeatsWhatIsRefusedForGood() throws {
        let account = try FakeAccount()
        account.b2.disableNotifications()
        let problem = FakeAccount.problem { _ = try account.client.rules(of: account.bucket) }
        #expect(problem?.kind == .notEnabled)
        #expect(problem?.description.contains("ask Backblaze's support") == true)
        #expect(account.b2.count(of: "b2_get_bucket_notification_rules") == 1)
        account.b2.fail(
            "b2_get_bucket_notification_rules",
            .json(401, "{\"status\":401,\"code\":\"unauthorized\",\"message\":\"no\"}"))
        #expect(FakeAccount.problem { _ = try account.client.rules(of: account.bucket) }?.kind == .capability)
        #expect(account.b2.count(of: "b2_get_bucket_notification_rules") == 2)
        #expect(account.pauses.all.withLock { $0 } == [])
    }

    @Test func renewsATokenOnce() throws {
        let account = try FakeAccount()
        _ = try account.client.rules(of: account.bucket)
        account.b2.expireTokens()
        #expect(try account.client.rules(of: account.bucket).isEmpty)
        #expect(account.b2.count(of: "b2_authorize_account") == 2)

        let refusal = FakeReply.json(401, "{\"status\":401,\"code\":\"expired_auth_token\",\"message\":\"no\"}")
        for _ in 0..<2 { account.b2.fail("b2_get_bucket_notification_rules", refusal) }
        #expect(FakeAccount.problem { _ = try account.client.rules(of: account.bucket) }?.kind == .token)
        #expect(account.b2.count(of: "b2_authorize_account") == 3)
    }

    @Test func waitsWhileB2IsBusy() throws {
        let account = try FakeAccount()
        let busy = FakeReply.answer(status: 429, headers: [("Retry-After", "7")])
        account.b2.fail("b2_get_bucket_notification_rules", busy)
        account.b2.fail("b2_get_bucket_notification_rules", .text(503, "no"))
        account.b2.fail("b2_get_bucket_notification_rules", .refused)
        #expect(try account.client.rules(of: account.bucket).isEmpty)
        #expect(account.pauses.all.withLock { $0 } == [.seconds(7), .seconds(2), .seconds(4)])
    }

    @Test func givesUpAfterFiveTries() throws {
        let account = try FakeAccount()
        for _ in 0..<5 { account.b2.fail("b2_authorize_account", .text(500, "no")) }
        let problem = FakeAccount.problem { try account.client.authorize() }
        #expect(problem?.kind == .busy)
        #expect(account.b2.requests.count == 5)
    }

    @Test func neverRepeatsAWriteThatMayHaveHadItsEffect() throws {
        let account = try FakeAccount()
        account.b2.fail("b2_set_bucket_notification_rules", .lost)
        let problem = FakeAccount.problem { _ = try account.client.setRules([], of: account.bucket) }
        #expect(problem?.kind == .connection)
        #expect(account.b2.count(of: "b2_set_bucket_notification_rules") == 1)
    }

    @Test func explainsAWrongClock() throws {
        let realm = try Realm("https://b2.example/")
        let problem = B2Problem(.notSent("no secure connection to b2.example: \(TLSProblem.notYetValid)"), realm: realm)
        #expect(problem.description.contains("set the clock"))
        #expect(problem.description.hasPrefix("no secure connection to b2.example: its certificate is not valid yet"))
        #expect(problem.kind == .clock && !problem.isPassing)
        #expect(!B2Problem(.notSent("nothing listens at b2.example"), realm: realm).description.contains("clock"))
    }

    @Test func sendsNoKeyOverPlainHTTP() throws {
        #expect(FakeAccount.problem { _ = try Realm("http://b2.example") }?.kind == .key)
        #expect(FakeAccount.problem { _ = try Realm("ftp://b2.example") }?.kind == .key)
        #expect(try Realm("http://localhost:8080").isLoopback)
        #expect(try Realm("production") == .production)
        #expect(try Realm("").url == "https://api.backblazeb2.com")
    }

    @Test func listsVersionsPageByPage() throws {
        let account = try FakeAccount()
        account.b2.put(
            (0..<25).map { FakeB2.Version(name: "photos/\($0 % 5)", id: "id\($0)", size: 7, uploaded: Int64($0)) }
                + [FakeB2.Version(name: "other", id: "x", uploaded: 3, action: "hide")])
        var found: [FileVersion] = []
        var mark: ListingMark?
        repeat {
            let page = try account.client.versions(of: account.bucket, prefix: "photos/", from: mark, count: 4)
            #expect(page.calls == 1)
            found += page.versions
            mark = page.next
        } while mark != nil
        #expect(found.count == 25)
        #expect(Set(found.map(\.id)).count == 25)
        #expect(found.first?.id == "id20")
        #expect(found.first?.size == 7 && found.first?.action == .upload)
    }
}
