//! Brings up the loopback device of the box, its only one; kernel and worker speak over it.
//! One message over netlink does it, because the ioctl for it has no safe wrapper.

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, sendto, socket_with,
};

use crate::failure::{Context, Failure, Result};

/// "Change a link", from linux/rtnetlink.h.
const RTM_NEWLINK: u16 = 16;
const REQUEST_AND_ACKNOWLEDGE: u16 = 1 | 4;
const IFF_UP: u32 = 1;
/// The first device of every network namespace is its loopback.
const LOOPBACK: i32 = 1;

pub(crate) fn up() -> Result<()> {
    let doing = "bring up the loopback device";
    let mut message = Vec::with_capacity(32);
    message.extend_from_slice(&32_u32.to_ne_bytes());
    message.extend_from_slice(&RTM_NEWLINK.to_ne_bytes());
    message.extend_from_slice(&REQUEST_AND_ACKNOWLEDGE.to_ne_bytes());
    message.extend_from_slice(&[0; 8]); // sequence and port
    message.extend_from_slice(&[0; 4]); // family and type of device
    message.extend_from_slice(&LOOPBACK.to_ne_bytes());
    message.extend_from_slice(&IFF_UP.to_ne_bytes()); // flags
    message.extend_from_slice(&IFF_UP.to_ne_bytes()); // which of them change
    // Protocol 0 of netlink is routing and devices.
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None).context(doing)?;
    let kernel = netlink::SocketAddrNetlink::new(0, 0);
    sendto(&socket, &message, SendFlags::empty(), &kernel).context(doing)?;
    let mut answer = [0_u8; 1024];
    let (length, _) = recv(&socket, &mut answer, RecvFlags::empty()).context(doing)?;
    // The acknowledgement is an error message with code 0 behind its header of 16 bytes.
    match answer[..length].get(16..20) {
        Some([0, 0, 0, 0]) => Ok(()),
        Some(code) => {
            let code = i32::from_ne_bytes([code[0], code[1], code[2], code[3]]);
            Err(std::io::Error::from_raw_os_error(-code)).context(doing)
        }
        None => Err(Failure::new(format!("cannot {doing}: no answer"), "try again")),
    }
}
