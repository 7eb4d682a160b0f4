import Base
import Foundation
import History
import Notifications
import Sending
import Settings
import Synchronization
import TestSupport
import Testing

@testable import Actions

@Suite("Google's Application Default Credentials", .blocking)
struct GoogleCredentialTests {
    /// Answers each request, and keeps it.
    private final class Endpoints: HTTPSending {
        let requests = Mutex<[OutgoingRequest]>([])
        private let answers: [String: String]
        private let headers: [OutgoingField]

        /// - Parameters:
        ///   - answers: The bodies of the answers, by the beginning of the URL; the longest that fits counts.
        ///   - headers: The header fields of each answer.
        init(_ answers: [String: String], headers: [OutgoingField] = []) {
            self.answers = answers
            self.headers = headers
        }

        func send(_ request: OutgoingRequest, within limit: Duration) throws(OutgoingFailure) -> OutgoingAnswer {
            requests.withLock { $0.append(request) }
            let fitting = answers.filter { request.url.description.hasPrefix($0.key) }
            guard let body = fitting.max(by: { $0.key.count < $1.key.count })?.value else {
                return OutgoingAnswer(status: 400, body: Array("{\"error\":\"invalid_grant\"}".utf8))
            }
            return OutgoingAnswer(status: 200, headers: headers, body: Array(body.utf8))
        }

        var urls: [String] { requests.withLock { $0.map(\.url.description) } }
        func form(_ index: Int) -> [String: String] {
            let body = requests.withLock { String(decoding: $0[index].body, as: UTF8.self) }
            return Dictionary(
                uniqueKeysWithValues: body.split(separator: "&").map { pair in
                    let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                    return (parts[0], parts[1].removingPercentEncoding ?? "")
                })
        }
    }

    private let folder = TemporaryFolder()
    private let now = Timestamp(milliseconds: 1_795_452_185_000)
    private static let google = "{\"access_token\":\"ya29.first\",\"expires_in\":3599}"
    private static let impersonated = "{\"accessToken\":\"ya29.second\",\"expireTime\":\"2026-12-01T00:00:00Z\"}"
    private static let impersonation =
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/b2@p.iam.gserviceaccount.com:generateAccessToken"

    private func credential(
        _ json: String, hosts: Set<String> = [], runs: Bool = false
    ) throws -> GoogleCredential {
        let path = try folder.write("credentials.json", json)
        return try GoogleCredential(
            GoogleSheetSettings(
                spreadsheet: SheetStand.id, sheet: "A", keyFile: path, tokenHosts: hosts, allowsExecutable: runs,
                writer: ""))
    }

    private func token(
        _ credential: GoogleCredential, _ endpoints: Endpoints, _ environment: [String: String] = [:]
    ) throws -> String {
        try GoogleTokens(http: endpoints, now: { [now] in now }, environment: environment).token(
            of: credential, at: now
        ).text
    }

    private func problem(_ json: String, hosts: Set<String> = []) -> String {
        do {
            _ = try credential(json, hosts: hosts)
            return "none"
        } catch {
            return "\(error)"
        }
    }

    private static let login = """
        {"type":"authorized_user","client_id":"c.apps","client_secret":"s&cret","refresh_token":"1//r=t",
        "quota_project_id":"my-project"}
        """

    private static func external(_ source: String, extra: String = "") -> String {
        """
        {"type":"external_account","audience":"//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
        "subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token",
        "credential_source":\(source)\(extra)}
        """
    }

    @Test("take the login of a person")
    func login() throws {
        let endpoints = Endpoints(["https://oauth2.googleapis.com/token": Self.google])
        let credential = try credential(Self.login)
        #expect(try token(credential, endpoints) == "ya29.first")
        #expect(credential.quotaProject == "my-project")
        #expect(
            endpoints.form(0) == [
                "grant_type": "refresh_token", "client_id": "c.apps", "client_secret": "s&cret",
                "refresh_token": "1//r=t",
            ])
        #expect(throws: GoogleProblem.self) { try token(credential, Endpoints([:])) }
        do {
            _ = try token(credential, Endpoints([:]))
        } catch let problem as GoogleProblem {
            #expect(problem.description.contains("gcloud auth application-default login"))
            let shown = String(decoding: problem.exchange?.request ?? [], as: UTF8.self)
            #expect(shown.contains("client_secret=•••") && !shown.contains("1//r") && !shown.contains("s%26cret"))
        }
    }

    @Test("exchange another provider's token, in a file as text or JSON, for one of a service account")
    func federation() throws {
        let subject = try folder.write("subject.json", "{\"id\":\"jwt.of.others\"}\n")
        let source = "{\"file\":\"\(subject)\",\"format\":{\"type\":\"json\",\"subject_token_field_name\":\"id\"}}"
        let endpoints = Endpoints([
            "https://sts.googleapis.com/": Self.google, "https://iamcredentials.googleapis.com/": Self.impersonated,
        ])
        let whole = Self.external(source, extra: ",\"service_account_impersonation_url\":\"\(Self.impersonation)\"")
        let credential = try credential(whole)
        #expect(credential.account == "b2@p.iam.gserviceaccount.com")
        #expect(try token(credential, endpoints) == "ya29.second")
        let form = endpoints.form(0)
        #expect(form["subject_token"] == "jwt.of.others")
        #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange")
        #expect(form["scope"] == "https://www.googleapis.com/auth/cloud-platform")
        let second = endpoints.requests.withLock { $0[1] }
        #expect(second.headers.first == OutgoingField("Authorization", "Bearer ya29.first", isSecret: true))
        #expect(String(decoding: second.body, as: UTF8.self).contains("spreadsheets"))
        // Without impersonation the exchanged token is used, for the sheets alone.
        let text = try folder.write("subject.txt", "jwt.as.text\n")
        let plain = Endpoints(["https://sts.googleapis.com/": Self.google])
        #expect(try token(self.credential(Self.external("{\"file\":\"\(text)\"}")), plain) == "ya29.first")
        #expect(plain.form(0)["scope"] == GoogleTokens.scope && plain.form(0)["subject_token"] == "jwt.as.text")
    }

    @Test("ask another provider's URL for its token, with its header fields, where a setting names the host")
    func providers() throws {
        let source = """
            {"url":"https://issuer.test/token","headers":{"Metadata":"True"},
            "format":{"type":"json","subject_token_field_name":"value"}}
            """
        let endpoints = Endpoints([
            "https://issuer.test/": "{\"value\":\"jwt.by.url\"}", "https://sts.googleapis.com/": Self.google,
        ])
        let credential = try credential(Self.external(source), hosts: ["issuer.test"])
        #expect(try token(credential, endpoints) == "ya29.first")
        let requests = endpoints.requests.withLock { $0 }
        let first = try #require(requests.first)
        #expect(first.method == "GET" && first.headers.map(\.name) == ["Metadata"])
        #expect(endpoints.form(1)["subject_token"] == "jwt.by.url")
    }

    @Test("take the identity of a service account by a person's login or by another key")
    func impersonation() throws {
        let endpoints = Endpoints([
            "https://oauth2.googleapis.com/token": Self.google,
            "https://iamcredentials.googleapis.com/": Self.impersonated,
        ])
        let json = """
            {"type":"impersonated_service_account","service_account_impersonation_url":"\(Self.impersonation)",
            "delegates":["d@p"],"source_credentials":\(Self.login)}
            """
        let credential = try credential(json)
        #expect(credential.account == "b2@p.iam.gserviceaccount.com")
        #expect(try token(credential, endpoints) == "ya29.second")
        #expect(
            endpoints.requests.withLock { String(decoding: $0[1].body, as: UTF8.self) }.contains(
                "\"delegates\":[\"d@p\"]"))
        let refused = Endpoints(["https://oauth2.googleapis.com/token": Self.google])
        do {
            _ = try token(credential, refused)
            Issue.record("a token without the role")
        } catch let problem as GoogleProblem {
            #expect(problem.description.contains("Service Account Token Creator"))
        }
    }

    @Test("that could send a token elsewhere, or run a program, are refused unless a setting allows it")
    func refusals() throws {
        let host = Self.login.replacing("\"client_id\"", with: "\"token_uri\":\"https://evil.test/t\",\"client_id\"")
        #expect(problem(host).contains("names evil.test, which is not Google's"))
        #expect(problem(host).contains("allow-token-hosts: [evil.test]"))
        #expect(problem(host, hosts: ["evil.test"]) == "none")
        for look in ["https://googleapis.com.evil.test/t", "https://evilgoogleapis.com/t", "https://127.0.0.1/t"] {
            #expect(problem(host.replacing("https://evil.test/t", with: look)).contains("which is not Google's"))
        }
        #expect(
            problem(host.replacing("https://evil.test/t", with: "http://oauth2.googleapis.com/t")).contains(
                "is not https"))
        let sts = Self.external("{\"file\":\"/x\"}").replacing(
            "https://sts.googleapis.com", with: "https://sts.evil.test")
        #expect(problem(sts).contains("“token_url”"))
        let other =
            ",\"service_account_impersonation_url\":\"https://iam.evil.test/v1/serviceAccounts/a@b:generateAccessToken\""
        #expect(
            problem(Self.external("{\"file\":\"/x\"}", extra: other)).contains("“service_account_impersonation_url”"))
        #expect(problem(Self.external("{\"url\":\"http://169.254.169.254/token\"}")).contains("is not https"))
        #expect(problem(Self.external("{\"url\":\"https://issuer.test/token\"}")).contains("names issuer.test"))
        #expect(
            problem(Self.external("{\"url\":\"http://169.254.169.254/token\"}"), hosts: ["169.254.169.254"]) == "none")
        #expect(
            problem(Self.external("{\"executable\":{\"command\":\"/opt/token\"}}")).contains("allow-executable: yes"))
        #expect(problem(Self.external("{\"environment_id\":\"aws2\"}")).contains("b2watch knows aws1"))
        for (place, name) in [
            ("\"url\":\"http://169.254.169.253/keys\"", "credential_source.url"),
            ("\"region_url\":\"http://evil.test/zone\"", "region_url"),
            ("\"imdsv2_session_token_url\":\"https://evil.test/token\"", "imdsv2_session_token_url"),
            (
                "\"regional_cred_verification_url\":\"https://sts.{region}.amazonaws.com.evil.test/\"",
                "regional_cred_verification_url"
            ),
            (
                "\"regional_cred_verification_url\":\"http://sts.{region}.amazonaws.com/\"",
                "regional_cred_verification_url"
            ),
        ] {
            #expect(problem(Self.external("{\"environment_id\":\"aws1\",\(place)}")).contains("“\(name)”"))
        }
        #expect(problem("{\"type\":\"gdch_service_account\"}").contains("does not read here"))
        #expect(problem("[]").contains("is not the key of a service account"))
    }

    @Test("run a program where that is allowed, without a shell and with Google's variables")
    func programs() throws {
        let script = try folder.write(
            "token.sh",
            """
            #!/bin/sh
            printf '{"version":1,"success":true,"token_type":"t","id_token":"%s-%s-%s"}' "$1" \
            "$GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES" "${GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE%%/projects*}"
            """, mode: 0o700)
        let source = "{\"executable\":{\"command\":\"\(script) $HOME;x\",\"timeout_millis\":30000}}"
        let endpoints = Endpoints(["https://sts.googleapis.com/": Self.google])
        #expect(try token(credential(Self.external(source), runs: true), endpoints) == "ya29.first")
        #expect(endpoints.form(0)["subject_token"] == "$HOME;x-1-//iam.googleapis.com")
        let wrong = try folder.write(
            "no.sh", "#!/bin/sh\necho '{\"version\":1,\"success\":false,\"message\":\"no login\"}'\n", mode: 0o700)
        do {
            let source = "{\"executable\":{\"command\":\"\(wrong)\"}}"
            _ = try token(credential(Self.external(source), runs: true), endpoints)
            Issue.record("a token of a program that has none")
        } catch let problem as GoogleProblem {
            #expect(problem.description.contains("gave no token: no login"))
        }
    }

    // MARK: AWS

    /// The keys of AWS's documentation.
    private static let amazonKeys = [
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN":
            "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnniCEXAMPLE/IvU1dYUg2RVAJBanLiHb4IgRmpRV3zrkuWJOgQs8IZZaIv2BXIa2R4OlgkBN9bkUDNCJiBeb/AXlzBBko7b15fjrBs2+cTQtpZ3CYWFXG8C5zqx37wnOE49mRl/+OtkIKGO7fAE",
    ]
    private static let callerIdentity =
        "https://sts.us-east-2.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"

    /// The vectors of AWS's own test suite, and of Google's libraries (google-auth-library-python, `test_aws.py`).
    @Test(
        "sign requests as AWS's Signature Version 4 wants it",
        arguments: [
            ("GET", "https://host.foo.com", "b27ccfbfa7df52a200ff74193ca6e32d4b48b8856fab7ebf1c595d0670a7e470"),
            (
                "GET", "https://host.foo.com/%E1%88%B4",
                "8d6634c189aa8c75c2e51e106b6b5121bed103fdb351f7d7d4381c738823af74"
            ),
            (
                "GET", "https://host.foo.com/?foo=Zoo&foo=aha",
                "be7148d34ebccdc6423b19085378aa0bee970bdc61d144bd1a8c48c33079ab09"
            ),
            (
                "GET", "https://host.foo.com/?foo=b&foo=a",
                "feb926e49e382bec75c9d7dcb2a1b6dc8aa50ca43c25d2bc51143768c0875acc"
            ),
            (
                "POST", "https://host.foo.com/?foo=bar",
                "b6e3b79003ce0743a491606ba1035a804593b0efb1e20a11cba83f8c25a57a92"
            ),
        ])
    func amazonVectors(_ method: String, _ url: String, _ signature: String) throws {
        let keys = AmazonKeys(id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", session: nil)
        let request = AmazonRequest(
            method: method, url: try WebhookURL(url), fields: ["date": "Mon, 09 Sep 2011 23:36:00 GMT"])
        let fields = request.signed(
            by: keys, region: "us-east-1", at: Timestamp(milliseconds: 1_315_611_360_000), hasDate: true)
        #expect(
            fields["Authorization"]
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20110909/us-east-1/host/aws4_request,"
                + " SignedHeaders=date;host, Signature=\(signature)")
    }

    @Test("sign AWS's GetCallerIdentity, with and without a session")
    func callerIdentity() throws {
        let time = Timestamp(milliseconds: 1_597_128_922_000)
        let request = AmazonRequest(method: "POST", url: try WebhookURL(Self.callerIdentity))
        var environment = Self.amazonKeys
        let session = try #require(AmazonKeys(environment))
        let fields = request.signed(by: session, region: "us-east-2", at: time)
        #expect(
            fields["Authorization"]
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20200811/us-east-2/sts/aws4_request,"
                + " SignedHeaders=host;x-amz-date;x-amz-security-token,"
                + " Signature=596aa990b792d763465d73703e684ca273c45536c6d322c31be01a41d02e5b60")
        #expect(fields["x-amz-date"] == "20200811T065522Z" && fields["host"] == "sts.us-east-2.amazonaws.com")
        environment["AWS_SESSION_TOKEN"] = nil
        let lasting = try #require(AmazonKeys(environment))
        #expect(
            request.signed(by: lasting, region: "us-east-2", at: time)["Authorization"]?.hasSuffix(
                "SignedHeaders=host;x-amz-date,"
                    + " Signature=9e722e5b7bfa163447e2a14df118b45ebd283c5aea72019bdf921d6e7dc01a9a") == true)
    }

    private static let amazon = external(
        """
        {"environment_id":"aws1","region_url":"http://169.254.169.254/latest/meta-data/placement/availability-zone",
        "url":"http://169.254.169.254/latest/meta-data/iam/security-credentials",
        "regional_cred_verification_url":"https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        "imdsv2_session_token_url":"http://169.254.169.254/latest/api/token"}
        """)

    /// The token that Google was given: JSON, encoded as the part of a URL.
    private func subject(_ endpoints: Endpoints) throws -> [String: Any] {
        let last = endpoints.urls.count - 1
        let text = try #require(endpoints.form(last)["subject_token"]?.removingPercentEncoding)
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("exchange a request signed by AWS's keys in the environment, and ask nobody else")
    func amazonEnvironment() throws {
        let endpoints = Endpoints(["https://sts.googleapis.com/": Self.google])
        let environment = Self.amazonKeys.merging(["AWS_REGION": "us-east-2"]) { $1 }
        #expect(try token(credential(Self.amazon), endpoints, environment) == "ya29.first")
        #expect(endpoints.urls == ["https://sts.googleapis.com/v1/token"])
        let subject = try subject(endpoints)
        #expect(subject["url"] as? String == Self.callerIdentity && subject["method"] as? String == "POST")
        let fields = try #require(subject["headers"] as? [[String: String]])
        #expect(
            fields.compactMap { $0["key"] } == [
                "Authorization", "host", "x-amz-date", "x-amz-security-token", "x-goog-cloud-target-resource",
            ])
        #expect(fields.last?["value"]?.hasPrefix("//iam.googleapis.com/projects/1/") == true)
        #expect(fields.first?["value"]?.contains(";x-goog-cloud-target-resource,") == true)
        #expect(!"\(subject)".contains("wJalrXUtnFEMI"))
        #expect(throws: GoogleProblem.self) {
            try token(credential(Self.amazon), endpoints, Self.amazonKeys.merging(["AWS_REGION": "x/../y"]) { $1 })
        }
    }

    @Test("exchange a request signed by the keys of this machine's role, from AWS's metadata server")
    func amazonMetadata() throws {
        let base = "http://169.254.169.254/latest/"
        let endpoints = Endpoints([
            "\(base)api/token": "session of the server",
            "\(base)meta-data/placement/availability-zone": "us-east-2b\n",
            "\(base)meta-data/iam/security-credentials": "my-role",
            "\(base)meta-data/iam/security-credentials/my-role":
                "{\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"secret\",\"Token\":\"session\"}",
            "https://sts.googleapis.com/": Self.google,
        ])
        #expect(try token(credential(Self.amazon), endpoints) == "ya29.first")
        let requests = endpoints.requests.withLock { $0 }
        #expect(requests.map(\.method) == ["PUT", "GET", "GET", "GET", "POST"])
        #expect(requests[0].headers == [OutgoingField("X-aws-ec2-metadata-token-ttl-seconds", "300")])
        for request in requests[1...3] {
            let field = OutgoingField("X-aws-ec2-metadata-token", "session of the server", isSecret: true)
            #expect(request.headers == [field] && request.allowsPlainHTTP)
        }
        #expect(try subject(endpoints)["url"] as? String == Self.callerIdentity)
        // Without a role there are no keys.
        let none = Endpoints(["\(base)api/token": "s", "\(base)meta-data/placement/": "us-east-2b"])
        do {
            _ = try token(credential(Self.amazon), none)
            Issue.record("a token without keys")
        } catch let problem as GoogleProblem {
            #expect(problem.description.contains("set AWS_ACCESS_KEY_ID"))
            let shown = String(decoding: (problem.exchange?.answer ?? []), as: UTF8.self)
            #expect(shown == "•••")
        }
    }

    // MARK: The machine

    @Test(
        "are this machine's account, if a setting allows it: the metadata server is asked, and has to show that it is one"
    )
    func metadataServer() throws {
        let settings = GoogleSheetSettings(
            spreadsheet: SheetStand.id, sheet: "A", keyFile: "", usesMetadataServer: true, writer: "")
        let credential = try GoogleCredential(settings)
        let url = "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token"
        let google = [OutgoingField("Metadata-Flavor", "Google")]
        let endpoints = Endpoints([url: Self.google], headers: google)
        #expect(try token(credential, endpoints) == "ya29.first")
        let request = try #require(endpoints.requests.withLock { $0.first })
        #expect(
            request.url.description.hasPrefix("\(url)?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fspreadsheets"))
        #expect(request.method == "GET" && request.headers == google)
        let elsewhere = Endpoints(["http://127.0.0.1:8123/computeMetadata/": Self.google], headers: google)
        #expect(try token(credential, elsewhere, ["GCE_METADATA_HOST": "127.0.0.1:8123"]) == "ya29.first")
        for (endpoints, words) in [
            (Endpoints([url: Self.google]), "is not Google's metadata server"),
            (Endpoints([:], headers: google), "is not Google's metadata server"),
            (Endpoints([url: "{}"], headers: google), "gives no token"),
        ] {
            do {
                _ = try token(credential, endpoints)
                Issue.record("a token of a server that has none")
            } catch let problem as GoogleProblem {
                #expect(problem.description.contains(words), "\(problem)")
            }
        }
    }

    @Test("are found where Google's own libraries find them")
    func places() throws {
        func keyFile(_ environment: [String: String], home: String? = nil) throws -> String? {
            let surroundings = ActionSurroundings(
                http: Endpoints([:]), environment: environment, folder: "/etc", home: home, now: { [now] in now })
            var reading = ActionReading.sample(
                "sheet", [("spreadsheet", .text(SheetStand.id)), ("sheet", .text("Sheet1"))])
            let action = ActionKind.googleSheet.read(&reading, surroundings) as? GoogleSheetAction
            if action == nil {
                #expect(reading.problems.first?.text.contains("GOOGLE_APPLICATION_CREDENTIALS") == true)
            }
            return action?.settings.keyFile
        }
        // The machine's account comes last, and only if it is asked for.
        let surroundings = ActionSurroundings(
            http: Endpoints([:]), environment: [:], folder: "/etc", home: nil, now: { [now] in now })
        var reading = ActionReading.sample(
            "sheet", [("spreadsheet", .text(SheetStand.id)), ("sheet", .text("A")), ("metadata-server", .text("yes"))])
        let machine = ActionKind.googleSheet.read(&reading, surroundings) as? GoogleSheetAction
        #expect(machine?.settings.usesMetadataServer == true)
        #expect(try keyFile(["GOOGLE_APPLICATION_CREDENTIALS": "/run/adc.json"]) == "/run/adc.json")
        #expect(try keyFile([:]) == nil)
        let gcloud = folder.file(".config/gcloud")
        try FileManager.default.createDirectory(atPath: gcloud, withIntermediateDirectories: true)
        try Self.login.write(
            toFile: "\(gcloud)/application_default_credentials.json", atomically: false, encoding: .utf8)
        #expect(try keyFile([:], home: folder.path) == "\(gcloud)/application_default_credentials.json")
        #expect(
            try keyFile(["CLOUDSDK_CONFIG": gcloud]) == "\(gcloud)/application_default_credentials.json")
    }

    @Test("let a sheet be written, by a person's login")
    func sheet() throws {
        let stand = try SheetStand()
        let adc = try stand.folder.write("adc.json", Self.login)
        // The fake knows the tokens of service accounts alone; it says what it was asked.
        let outcome = stand.action(keyFile: adc).perform([.numbered(1)], batch: 1).outcomes.first
        #expect("\(String(describing: outcome))".contains("gives the login of"))
    }
}
