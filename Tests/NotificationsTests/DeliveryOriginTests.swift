import Notifications
import Testing

@Suite("Where a request came from")
struct DeliveryOriginTests {
    private func origin(_ address: String, _ headers: HeaderField...) -> DeliveryOrigin {
        DeliveryOrigin(remoteAddress: address, headers: headers)
    }

    @Test(
        "from this computer or its network it is not public",
        arguments: [
            "127.0.0.1", "::1", "::", "10.1.2.3", "192.168.1.20", "172.16.0.9", "172.31.255.1", "169.254.1.1",
            "100.100.1.1", "fe80::1", "fd12:3456::1", "::ffff:127.0.0.1", "unknown", "", "203.0.113", "203.0.113.9.1",
            "999.1.1.1", "ff02::1", "g::1", "0.0.0.0",
        ])
    func local(address: String) {
        #expect(!origin(address, HeaderField("User-Agent", "curl/8.5.0")).isPublic)
        #expect(!origin("127.0.0.1", HeaderField("X-Forwarded-For", address)).isPublic)
    }

    @Test(
        "a public peer, or one that a proxy names, is",
        arguments: ["203.0.113.9", "172.32.0.1", "2001:db8::7", "::ffff:203.0.113.9", "192.167.0.1", "100.128.0.1"])
    func elsewhere(address: String) {
        #expect(origin(address).isPublic)
        for field in [
            HeaderField("x-forwarded-for", "10.0.0.1, \(address)"), HeaderField("CF-Connecting-IP", address),
            HeaderField("X-Real-IP", address), HeaderField("Forwarded", "for=\"[\(address)]:4711\";proto=https"),
            HeaderField("Forwarded", "proto=https;FOR=\(address)"),
        ] {
            #expect(origin("127.0.0.1", field).isPublic, "\(field)")
        }
        #expect(!origin("127.0.0.1", HeaderField("X-Something", address)).isPublic)
    }

    @Test("an IPv4 address may have a port")
    func port() {
        #expect(origin("::1", HeaderField("X-Forwarded-For", "203.0.113.9:4711")).isPublic)
        #expect(!origin("::1", HeaderField("X-Forwarded-For", "127.0.0.1:4711")).isPublic)
    }

    @Test("B2 has a name")
    func name() {
        #expect(origin("203.0.113.9", HeaderField("user-agent", "B2/EventNotifications")).isNamedB2)
        #expect(!origin("203.0.113.9", HeaderField("User-Agent", "curl/8.5.0")).isNamedB2)
        #expect(!origin("203.0.113.9").isNamedB2)
    }
}
