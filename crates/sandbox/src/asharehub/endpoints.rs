//! The 38 endpoints: paths, columns, keys, parameters and limits as the fact sheet has them.
//!
//! Data only. `cost_25pct` and `cost_75pct` of the vendor's page exist nowhere else and are left out. What
//! `start_date` and `end_date` mean for `market/shareholders` is open: here they are cut-off days, as older material
//! of the vendor has it.

/// Where the rows of an endpoint come from.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// A Tushare interface, asked slice by slice with these parameters. It may not be on offer: then no rows.
    Tushare(&'static str, Axis, &'static [(&'static str, &'static str)]),
    Realtime,
    News,
    Southbound,
}

/// By what an interface is cut into slices, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    Session,
    /// Report periods.
    Period,
    Whole,
}

/// A parameter that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Required {
    Nothing,
    OnV1(&'static str),
    Always(&'static str),
}

/// An endpoint as documented for /v1; what differs on /v2 says so.
pub(crate) struct Endpoint {
    /// Below the version.
    pub(crate) path: &'static str,
    pub(crate) source: Source,
    /// A word each: the name, `=` and Tushare's name where that differs, and `:n` for decimals, `:i` whole
    /// numbers, `:d` days, `:t` times; the rest is text. None for all columns of the interface.
    pub(crate) columns: &'static str,
    /// Documented key, less what callers make themselves.
    pub(crate) key: &'static str,
    /// The column that `start_date` and `end_date` narrow and rows are ordered by; none if empty.
    pub(crate) dated: &'static str,
    /// Parameters that must equal a column, with `=` and its name where that differs.
    pub(crate) filters: &'static str,
    /// More of them, known to /v2 only; /v1 ignores them.
    pub(crate) filters_v2: &'static str,
    /// Largest `limit`.
    pub(crate) max: usize,
    /// The code for callers who send none.
    pub(crate) code: Option<&'static str>,
    pub(crate) required: Required,
    /// Whether /v1 knows `offset`.
    pub(crate) offset: bool,
}

const PLAIN: Endpoint = Endpoint {
    path: "",
    source: Source::Realtime,
    columns: "",
    key: "",
    dated: "",
    filters: "",
    filters_v2: "",
    max: 5000,
    code: None,
    required: Required::Nothing,
    offset: true,
};

/// One answer mixes them, unless /v2 is asked for one.
const REPORT_TYPES: &[(&str, &str)] = &[("report_type", "1,2,3,4,5,6,7,8,9,10,11,12")];

/// In the order of the fact sheet, which addresses their dice.
pub(crate) static ENDPOINTS: [Endpoint; 38] = [
    Endpoint {
        path: "market/realtime",
        source: Source::Realtime,
        columns: "ts_code name price:n open:n high:n low:n pre_close:n pct_chg:n volume:n amount:n trade_time:t",
        key: "ts_code trade_time",
        dated: "",
        filters: "ts_code",
        filters_v2: "",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "news/flash",
        source: Source::News,
        columns: "source publish_time:t content_cn tags importance:i url",
        key: "source publish_time content_cn",
        dated: "publish_time",
        filters: "source",
        filters_v2: "",
        max: 5000,
        required: Required::Always("source"),
        ..PLAIN
    },
    Endpoint {
        path: "market/daily",
        source: Source::Tushare("daily", Axis::Session, &[]),
        columns: "ts_code trade_date:d open:n high:n low:n close:n pre_close:n change:n pct_chg:n vol:n amount:n",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/fundamentals",
        source: Source::Tushare("daily_basic", Axis::Session, &[]),
        columns: "ts_code trade_date:d close:n turnover_rate:n turnover_rate_f:n volume_ratio:n pe:n pe_ttm:n pb:n \
                  ps:n ps_ttm:n dv_ratio:n dv_ttm:n total_share:n float_share:n free_share:n total_mv:n circ_mv:n",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/adj-factor",
        source: Source::Tushare("adj_factor", Axis::Session, &[]),
        columns: "ts_code trade_date:d adj_factor:n",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/technical-factors",
        source: Source::Tushare("stk_factor", Axis::Session, &[]),
        columns: "ts_code trade_date:d open_hfq:n close_hfq:n high_hfq:n low_hfq:n pre_close_hfq:n open_qfq:n \
                  close_qfq:n high_qfq:n low_qfq:n pre_close_qfq:n adj_factor:n macd_dif:n macd_dea:n macd:n \
                  kdj_k:n kdj_d:n kdj_j:n rsi_6:n rsi_12:n rsi_24:n boll_upper:n boll_mid:n boll_lower:n cci:n",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/technical-factors-pro",
        source: Source::Tushare("stk_factor_pro", Axis::Session, &[]),
        columns: "",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/margin",
        source: Source::Tushare("margin_detail", Axis::Session, &[]),
        columns: "trade_date:d ts_code name rzye:n rqye:n rzmre:n rqyl:n rzche:n rqchl:n rqmcl:n rzrqye:n",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/block-trade",
        source: Source::Tushare("block_trade", Axis::Session, &[]),
        columns: "ts_code trade_date:d price:n vol:n amount:n buyer seller",
        key: "ts_code trade_date price vol buyer seller",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/top-list",
        source: Source::Tushare("top_list", Axis::Session, &[]),
        columns: "trade_date:d ts_code name close:n pct_change:n turnover_rate:n amount:n l_sell:n l_buy:n \
                  l_amount:n",
        key: "trade_date ts_code",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/top-inst",
        source: Source::Tushare("top_inst", Axis::Session, &[]),
        columns: "trade_date:d ts_code exalter buy:n buy_rate:n sell:n sell_rate:n net_buy:n side reason",
        key: "trade_date ts_code exalter side reason",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/shareholders",
        source: Source::Tushare("stk_holdernumber", Axis::Whole, &[]),
        columns: "ts_code ann_date:d end_date:d holder_num:i",
        key: "ts_code end_date ann_date",
        dated: "end_date",
        filters: "ts_code",
        filters_v2: "enddate=end_date ann_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/holder-trade",
        source: Source::Tushare("stk_holdertrade", Axis::Whole, &[]),
        columns: "ts_code ann_date:d holder_name holder_type in_de change_vol:n change_ratio:n after_share:n \
                  after_ratio:n avg_price:n total_share:n begin_date:d close_date:d",
        key: "ts_code ann_date holder_name in_de begin_date close_date change_vol",
        dated: "ann_date",
        filters: "ts_code",
        filters_v2: "trade_type=in_de holder_type",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/concepts",
        source: Source::Tushare("dc_index", Axis::Session, &[]),
        columns: "ts_code trade_date:d name leading leading_code pct_change:n leading_pct:n total_mv:n \
                  turnover_rate:n up_num:i down_num:i idx_type level",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date name idx_type",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/concept-members",
        source: Source::Tushare("dc_member", Axis::Session, &[]),
        columns: "trade_date:d ts_code con_code name",
        key: "trade_date ts_code con_code",
        dated: "trade_date",
        filters: "ts_code con_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "market/limit-list",
        source: Source::Tushare("limit_list_d", Axis::Session, &[]),
        columns: "trade_date:d ts_code industry name close:n pct_chg:n amount:n limit_amount:n float_mv:n \
                  total_mv:n turnover_ratio:n fd_amount:n first_time last_time open_times:i up_stat limit_times:i \
                  limit",
        key: "trade_date ts_code limit",
        dated: "trade_date",
        filters: "ts_code limit_type=limit",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "flows/moneyflow-hsgt",
        source: Source::Tushare("moneyflow_hsgt", Axis::Session, &[]),
        columns: "trade_date:d ggt_ss:n ggt_sz:n hgt_ss=hgt:n hgt_sz=sgt:n north_money:n south_money:n",
        key: "trade_date",
        dated: "trade_date",
        filters: "",
        filters_v2: "trade_date",
        max: 1000,
        ..PLAIN
    },
    Endpoint {
        path: "flows/moneyflow",
        source: Source::Tushare("moneyflow", Axis::Session, &[]),
        columns: "ts_code trade_date:d buy_sm_vol:i buy_sm_amount:n sell_sm_vol:i sell_sm_amount:n buy_md_vol:i \
                  buy_md_amount:n sell_md_vol:i sell_md_amount:n buy_lg_vol:i buy_lg_amount:n sell_lg_vol:i \
                  sell_lg_amount:n buy_elg_vol:i buy_elg_amount:n sell_elg_vol:i sell_elg_amount:n net_mf_vol:i \
                  net_mf_amount:n",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "flows/northbound-holdings",
        source: Source::Tushare("hk_hold", Axis::Session, &[("exchange", "SH,SZ")]),
        columns: "trade_date:d ts_code name vol:i ratio:n exchange",
        key: "trade_date ts_code",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "flows/southbound-holdings",
        source: Source::Southbound,
        columns: "trade_date:d ts_code name vol:i ratio:n exchange",
        key: "trade_date ts_code exchange",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "financials/indicators",
        source: Source::Tushare("fina_indicator", Axis::Period, &[]),
        columns: "ts_code ann_date:d end_date:d eps:n dt_eps:n total_revenue_ps:n revenue_ps:n bps:n ocfps:n roe:n \
                  roe_waa:n roe_dt:n roa:n gross_margin:n netprofit_margin:n grossprofit_margin:n debt_to_assets:n \
                  current_ratio:n quick_ratio:n cash_ratio:n assets_turn:n inv_turn:n ar_turn:n roic:n \
                  basic_eps_yoy:n dt_eps_yoy:n netprofit_yoy:n dt_netprofit_yoy:n rd_exp:n",
        key: "ts_code end_date ann_date",
        dated: "end_date",
        filters: "ts_code",
        filters_v2: "period=end_date ann_date",
        max: 1000,
        required: Required::OnV1("ts_code"),
        offset: false,
        ..PLAIN
    },
    Endpoint {
        path: "financials/income",
        source: Source::Tushare("income", Axis::Period, REPORT_TYPES),
        columns: "ts_code ann_date:d f_ann_date:d end_date:d report_type comp_type basic_eps:n diluted_eps:n \
                  total_revenue:n revenue:n total_cogs:n oper_cost:n sell_exp:n admin_exp:n fin_exp:n rd_exp:n \
                  operate_profit:n non_oper_income:n non_oper_exp:n total_profit:n income_tax:n n_income:n \
                  n_income_attr_p:n ebit:n ebitda:n update_flag",
        key: "ts_code end_date report_type f_ann_date update_flag",
        dated: "end_date",
        filters: "ts_code",
        filters_v2: "period=end_date ann_date f_ann_date report_type comp_type",
        max: 200,
        ..PLAIN
    },
    Endpoint {
        path: "financials/balance-sheet",
        source: Source::Tushare("balancesheet", Axis::Period, REPORT_TYPES),
        columns: "ts_code ann_date:d f_ann_date:d end_date:d report_type comp_type total_cur_assets:n money_cap:n \
                  notes_receiv:n accounts_receiv:n inventories:n total_nca:n fa_avail_for_sale:n lt_eqt_invest:n \
                  fix_assets:n cip:n intan_assets:n goodwill:n total_assets:n total_cur_liab:n st_borr:n \
                  notes_payable:n acct_payable:n total_ncl:n lt_borr:n bond_payable:n total_liab:n \
                  total_hldr_eqy_exc_min_int:n total_hldr_eqy_inc_min_int:n minority_int:n update_flag",
        key: "ts_code end_date report_type f_ann_date update_flag",
        dated: "end_date",
        filters: "ts_code",
        filters_v2: "period=end_date ann_date report_type comp_type",
        max: 200,
        ..PLAIN
    },
    Endpoint {
        path: "financials/cash-flow",
        source: Source::Tushare("cashflow", Axis::Period, REPORT_TYPES),
        columns: "ts_code ann_date:d f_ann_date:d end_date:d report_type comp_type net_profit:n c_fr_sale_sg:n \
                  c_pay_goods_purch_serv_rec:n n_cashflow_act:n c_pay_acq_const_fix_intang_oasset:n \
                  c_fr_disp_fix_intang_oasset:n n_cashflow_inv_act:n c_fr_borr:n c_pay_dist_dpcp_int_exp:n \
                  n_cash_flows_fnc_act:n n_incr_cash_cash_equ:n c_cash_equ_beg_period:n c_cash_equ_end_period:n \
                  free_cashflow:n update_flag",
        key: "ts_code end_date report_type f_ann_date update_flag",
        dated: "end_date",
        filters: "ts_code",
        filters_v2: "period=end_date ann_date f_ann_date report_type comp_type",
        max: 200,
        ..PLAIN
    },
    Endpoint {
        path: "financials/forecast",
        source: Source::Tushare("forecast", Axis::Whole, &[]),
        columns: "ts_code ann_date:d end_date:d type p_change_min:n p_change_max:n net_profit_min:n \
                  net_profit_max:n last_parent_net:n first_ann_date:d summary change_reason",
        key: "ts_code end_date ann_date type",
        dated: "ann_date",
        filters: "ts_code",
        filters_v2: "period=end_date type",
        max: 1000,
        ..PLAIN
    },
    Endpoint {
        path: "financials/express",
        source: Source::Tushare("express", Axis::Whole, &[]),
        columns: "ts_code ann_date:d end_date:d revenue:n operate_profit:n total_profit:n n_income:n \
                  total_assets:n total_hldr_eqy_exc_min_int:n diluted_eps:n diluted_roe:n yoy_net_profit:n bps:n \
                  perf_summary update_flag",
        key: "ts_code end_date ann_date update_flag",
        dated: "ann_date",
        filters: "ts_code",
        filters_v2: "period=end_date",
        max: 1000,
        ..PLAIN
    },
    Endpoint {
        path: "financials/audit",
        source: Source::Tushare("fina_audit", Axis::Whole, &[]),
        columns: "ts_code ann_date:d end_date:d audit_result audit_fees:n audit_agency audit_sign",
        key: "ts_code end_date ann_date audit_agency",
        dated: "end_date",
        filters: "ts_code",
        filters_v2: "period=end_date ann_date",
        max: 1000,
        ..PLAIN
    },
    Endpoint {
        path: "financials/main-business",
        source: Source::Tushare("fina_mainbz", Axis::Whole, &[]),
        columns: "ts_code end_date:d bz_item bz_sales:n bz_profit:n bz_cost:n curr_type",
        key: "ts_code end_date bz_item curr_type",
        dated: "end_date",
        filters: "ts_code",
        filters_v2: "period=end_date",
        max: 2000,
        ..PLAIN
    },
    Endpoint {
        path: "financials/disclosure-date",
        source: Source::Tushare("disclosure_date", Axis::Whole, &[]),
        columns: "ts_code ann_date:d end_date:d pre_date:d actual_date:d modify_date",
        key: "ts_code end_date ann_date",
        dated: "end_date",
        filters: "ts_code",
        filters_v2: "pre_date actual_date",
        max: 2000,
        ..PLAIN
    },
    Endpoint {
        path: "financials/analyst-reports",
        source: Source::Tushare("report_rc", Axis::Whole, &[]),
        columns: "ts_code name report_date:d report_title report_type classify org_name author_name quarter \
                  op_rt:n op_pr:n tp:n np:n eps:n pe:n rd:n roe:n ev_ebitda:n rating max_price:n min_price:n \
                  imp_dg create_time:t",
        key: "ts_code report_date org_name author_name report_title quarter",
        dated: "report_date",
        filters: "ts_code",
        filters_v2: "",
        max: 3000,
        ..PLAIN
    },
    Endpoint {
        path: "shareholders/dividend",
        source: Source::Tushare("dividend", Axis::Whole, &[]),
        columns: "ts_code end_date:d ann_date:d div_proc stk_div:n stk_bo_rate:n stk_co_rate:n cash_div:n \
                  cash_div_tax:n record_date:d ex_date:d pay_date:d div_listdate:d imp_ann_date:d",
        key: "ts_code end_date ann_date div_proc",
        dated: "ann_date",
        filters: "ts_code",
        filters_v2: "record_date ex_date imp_ann_date",
        max: 1000,
        ..PLAIN
    },
    Endpoint {
        path: "indices/daily",
        source: Source::Tushare("index_daily", Axis::Session, &[]),
        columns: "ts_code trade_date:d open:n high:n low:n close:n pre_close:n change:n pct_chg:n vol:n amount:n",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        code: Some("000001.SH"),
        offset: false,
        ..PLAIN
    },
    Endpoint {
        path: "indices/index-weight",
        source: Source::Tushare("index_weight", Axis::Session, &[]),
        columns: "index_code trade_date:d con_code con_name weight:n",
        key: "index_code trade_date con_code",
        dated: "trade_date",
        filters: "index_code",
        filters_v2: "trade_date",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "chips/distribution",
        source: Source::Tushare("cyq_perf", Axis::Session, &[]),
        columns: "ts_code trade_date:d his_low:n his_high:n cost_5pct:n cost_15pct:n cost_50pct:n cost_85pct:n \
                  cost_95pct:n weight_avg:n winner_rate:n",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 2000,
        ..PLAIN
    },
    Endpoint {
        path: "fx/daily",
        source: Source::Tushare("fx_daily", Axis::Whole, &[]),
        columns: "ts_code trade_date:d bid_open:n bid_close:n bid_high:n bid_low:n ask_open:n ask_close:n \
                  ask_high:n ask_low:n tick_qty:i",
        key: "ts_code trade_date",
        dated: "trade_date",
        filters: "ts_code",
        filters_v2: "trade_date",
        max: 5000,
        code: Some("USDCNH.FXCM"),
        ..PLAIN
    },
    Endpoint {
        path: "reference/stocks",
        source: Source::Tushare("stock_basic", Axis::Whole, &[("list_status", "L,D,P")]),
        columns: "ts_code symbol name area industry fullname enname cnspell market exchange curr_type list_status \
                  list_date:d delist_date:d is_hs",
        key: "ts_code",
        dated: "",
        filters: "ts_code",
        filters_v2: "name market list_status exchange is_hs",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "reference/industries",
        source: Source::Tushare("index_member_all", Axis::Whole, &[]),
        columns: "ts_code name l1_code l1_name l2_code l2_name l3_code l3_name",
        key: "ts_code",
        dated: "",
        filters: "ts_code",
        filters_v2: "",
        max: 5000,
        ..PLAIN
    },
    Endpoint {
        path: "reference/trade-calendar",
        source: Source::Tushare("trade_cal", Axis::Whole, &[("exchange", "SSE,SZSE")]),
        columns: "exchange cal_date:d is_open:i pretrade_date:d",
        key: "exchange cal_date",
        dated: "cal_date",
        filters: "exchange is_open",
        filters_v2: "",
        max: 5000,
        ..PLAIN
    },
];
