/** Request types of rtnetlink (linux/rtnetlink.h), by the name that error messages use. */
export const rtm = {
  RTM_NEWLINK: 16,
  RTM_DELLINK: 17,
  RTM_GETLINK: 18,
  RTM_SETLINK: 19,
  RTM_NEWADDR: 20,
  RTM_DELADDR: 21,
  RTM_GETADDR: 22,
  RTM_NEWROUTE: 24,
  RTM_DELROUTE: 25,
  RTM_GETROUTE: 26,
  RTM_NEWNEIGH: 28,
  RTM_DELNEIGH: 29,
  RTM_GETNEIGH: 30,
  RTM_NEWRULE: 32,
  RTM_DELRULE: 33,
  RTM_GETRULE: 34,
  RTM_NEWNSID: 88,
  RTM_DELNSID: 89,
  RTM_GETNSID: 90,
} as const

/** A request of generic netlink, whose families have other types in each kernel. */
export type GenericName = 'CTRL_CMD_GETFAMILY' | 'WG_CMD_GET_DEVICE' | 'WG_CMD_SET_DEVICE'

/** A request by its name in the C headers. */
export type RequestName = keyof typeof rtm | GenericName

/** The protocol number that marks addresses, routes, neighbours and rules as put there by us; unused by rt_protos of iproute2. */
export const ourProtocol = 78
