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

        /// - Parameter answers: The bodies of the answers, by the beginning of the URL.
        init(_ answers: [String: String]) {
            self.answers = answers
        }

        func send(_ request: OutgoingRequest, within limit: Duration) throws(OutgoingFailure) -> OutgoingAnswer {
            requests.withLock { $0.append(request) }
            guard let body = answers.first(where: { request.url.description.hasPrefix($0.key) })?.value else {
                return OutgoingAnswer(status: 400, body: Array("{\"error\":\"invalid_grant\"}".utf8))
            }
            return OutgoingAnswer(status: 200, body: Array(body.utf8))
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

    private let folder: TemporaryFolder
    private let now = Timestamp(milliseconds: 1_795_452_185_000)
    private static let google = "{\"access_token\":\"ya29.first\",\"expires_in\":3599}"
    private static let impersonated = "{\"accessToken\":\"ya29.second\",\"expireTime\":\"2026-12-01T00:00:00Z\"}"
    private static let impersonation =
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/b2@p.iam.gserviceaccount.com:generateAccessToken"

    init() throws {
        folder = try TemporaryFolder()
    }

    private func credential(
        _ json: String, hosts: Set<String> = [], runs: Bool = false
    ) throws -> GoogleCredential {
        let path = try folder.write("credentials.json", json)
        return try GoogleCredential(
            GoogleSheetSettings(
                spreadsheet: SheetStand.id, sheet: "A", keyFile: path, tokenHosts: hosts, allowsExecutable: runs,
                writer: ""))
    }

    private func token(_ credential: GoogleCredential, _ endpoints: Endpoints) throws -> String {
        try GoogleTokens(http: endpoints, now: { [now] in now }).token(of: credential, at: now).text
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
        #expect(problem(Self.external("{\"environment_id\":\"aws1\"}")).contains("AWS"))
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
