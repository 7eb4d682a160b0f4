import NIOCore
import Testing

@testable import Receiving

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8_080), ("[::1]:0", "::1", 0), ("localhost:65535", "localhost", 65_535),
        ("my-host.example:80", "my-host.example", 80), ("[fe80::1]:9", "fe80::1", 9),
    ])
    func reads(_ text: String, _ host: String, _ port: Int) throws {
        let address = try ListenAddress(text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.description == text)
    }

    @Test(arguments: [
        ("8080", ListenAddressError.noPort("8080")), ("[::1]", .noPort("[::1]")), (":8080", .noHost(":8080")),
        ("a:", .badPort("")), ("a:x", .badPort("x")), ("a:65536", .badPort("65536")), ("a:-1", .badPort("-1")),
        ("a:+1", .badPort("+1")), ("a:99999999999999999999", .badPort("99999999999999999999")),
        ("::1:80", .unbracketed("::1:80")), ("::1", .unbracketed("::1")), ("[::1:80", .unbracketed("[::1:80")),
        ("[127.0.0.1]:80", .notIPv6("127.0.0.1")), ("[]:80", .notIPv6("")),
    ])
    func refuses(_ text: String, _ error: ListenAddressError) {
        #expect(throws: error) { try ListenAddress(text) }
    }

    @Test func saysWhatToWrite() {
        #expect(
            "\(ListenAddressError.noPort("8080"))"
                == "“8080” has no port: write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
        #expect("\(ListenAddressError.noHost(":80"))".contains("127.0.0.1:80"))
    }

    @Test(arguments: [
        ("127.0.0.1:1", true), ("127.9.9.9:1", true), ("[::1]:1", true), ("LocalHost:1", true),
        ("[::ffff:127.0.0.1]:1", true), ("[0:0:0:0:0:0:0:1]:1", true),
        ("0.0.0.0:1", false), ("[::]:1", false), ("10.0.0.1:1", false), ("127.example:1", false),
        ("[fe80::1]:1", false),
    ])
    func knowsLoopback(_ text: String, _ isLoopback: Bool) throws {
        #expect(try ListenAddress(text).isLoopback == isLoopback)
    }

    @Test func givesURLs() throws {
        #expect(try ListenAddress("127.0.0.1:8080").url == "http://127.0.0.1:8080/")
        #expect(try ListenAddress("[::1]:8080").url == "http://[::1]:8080/")
        #expect(try ListenAddress("0.0.0.0:80").url == "http://0.0.0.0:80/")
        #expect(try ListenAddress("0.0.0.0:80").localURL == "http://127.0.0.1:80/")
        #expect(try ListenAddress("[::]:80").localURL == "http://[::1]:80/")
        #expect(try ListenAddress("10.0.0.1:80").localURL == "http://10.0.0.1:80/")
    }

    @Test func recordsPeersPlainly() throws {
        #expect(RemoteAddress.text(of: try SocketAddress(ipAddress: "203.0.113.9", port: 1)) == "203.0.113.9")
        #expect(RemoteAddress.text(of: try SocketAddress(ipAddress: "2605:72c0::1", port: 1)) == "2605:72c0::1")
        #expect(RemoteAddress.text(of: try SocketAddress(ipAddress: "::ffff:203.0.113.9", port: 1)) == "203.0.113.9")
        #expect(RemoteAddress.text(of: nil) == "unknown")
    }
}
