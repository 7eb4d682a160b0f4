@testable import Notifications
import Testing

@Suite("IP addresses and blocks of them")
struct IPAddressTests {
    @Test("An address is read in its usual forms, and written in the shortest")
    func reading() {
        #expect(IPAddress("192.0.2.1")?.description == "192.0.2.1")
        #expect(IPAddress("2001:DB8:0:0::1")?.description == "2001:db8::1")
        #expect(IPAddress("fe80::1%eth0")?.description == "fe80::1")
        #expect(IPAddress("::ffff:192.0.2.1") == IPAddress("192.0.2.1"))
        #expect(IPAddress("::ffff:c000:201")?.bytes == [192, 0, 2, 1])
        #expect(IPAddress("2001:db8::1")?.bytes.count == 16)
        for text in ["", "192.0.2", "192.0.2.256", "192.0.2.1.", "1.2.3.4\0", "::g", "[::1]", "localhost", " 1.2.3.4"] {
            #expect(IPAddress(text) == nil, "\(text)")
        }
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
    }

    @Test("A block contains the addresses that begin with its bits")
    func blocks() throws {
        func contains(_ block: String, _ address: String) throws -> Bool {
            try #require(IPNetwork(block)).contains(try #require(IPAddress(address)))
        }
        #expect(try contains("192.0.2.0/24", "192.0.2.255"))
        #expect(try !contains("192.0.2.0/24", "192.0.3.0"))
        #expect(try contains("192.0.2.128/25", "192.0.2.200"))
        #expect(try !contains("192.0.2.128/25", "192.0.2.127"))
        #expect(try contains("0.0.0.0/0", "203.0.113.9"))
        #expect(try !contains("0.0.0.0/0", "::1"))
        #expect(try contains("::/0", "2001:db8::1"))
        #expect(try !contains("::/0", "192.0.2.1"))
        #expect(try contains("2001:db8::/32", "2001:db8:ffff::1"))
        #expect(try !contains("2001:db8::/32", "2001:db9::1"))
        #expect(try contains("2001:db8::8/125", "2001:db8::f"))
        #expect(try !contains("2001:db8::8/125", "2001:db8::10"))
        #expect(try contains("192.0.2.1", "::ffff:192.0.2.1"))
        #expect(try !contains("192.0.2.1", "192.0.2.2"))
        #expect(try contains("::ffff:10.0.0.0/104", "10.200.0.1"))
        for text in [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/+8", "::ffff:10.0.0.0/95", "::/129",
        ] {
            #expect(IPNetwork(text) == nil, "\(text)")
        }
    }

    @Test("A list has a block on each line, and names the line that is wrong")
    func lists() throws {
        let list = try AddressList(parsing: "# Backblaze\n206.190.208.0/21  # one\r\n\n 2605:72c0::/32\n")
        #expect(list.networks.map(\.description) == ["206.190.208.0/21", "2605:72c0::/32"])
        #expect(list.contains("206.190.215.7"))
        #expect(!list.contains("unknown"))
        #expect(throws: AddressListError(line: 2, text: "10.0.0.0 /8")) {
            try AddressList(parsing: "::1\n10.0.0.0 /8\n")
        }
        #expect(throws: AddressListError(line: AddressList.most + 1, text: nil)) {
            try AddressList(parsing: String(repeating: "::1\n", count: AddressList.most + 1))
        }
    }
}
