#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension IPAddress {
    /// The addresses that a host's name stands for here; none where nobody knows it. Blocks as long as that takes.
    static func all(of name: String) -> [IPAddress] {
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, nil, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let info = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0,
                let address = text.withUnsafeBufferPointer({ buffer in
                    buffer.baseAddress.flatMap { IPAddress(String(cString: $0)) }
                })
            {
                addresses.append(address)
            }
            next = info.ai_next
        }
        return addresses
    }
}
